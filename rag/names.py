"""The names in papers (systems, methods, datasets) and in questions, and how the two meet.

A paper has a name in one of these ways (`Standing`): as the head of its title ("LongLoRA: ..."), as what its abstract
brings in ("we present deita", "Half Fine-Tuning (HFT)"), in the rest of its title, or in its abstract,
more than once or once.
Names are compared by key, so that "S2FT", "S$^{2}$FT" and "s2-ft" are one.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from rag.catalogue import Name, Standing
from rag.papers import Paper, plain_text, split_sentences, title_key
from rag.words import FUNCTION_WORDS

_MAX_NAME_WORDS = 4
_MIN_KEY = 2
_MIN_JOINED_KEY = 4
_TOKEN = re.compile(r"[^\W_][\w^+&/.\-]*[^\W_]|[^\W_]")
# What an abstract says in the sentence that brings in its own thing ...
_BRINGS_IN = re.compile(
    r"\b(?:propos|present|introduc|develop|releas|describ|term|call|nam|dub|coin|study|studi|creat|build|built|design|devis)"
    r"\w*\b|\bnovel\b|\bour\b|\bwe\b",
    re.I,
)
# ... and how the name stands there: right behind the verb, or in parentheses behind its long form.
_BEHIND_VERB = re.compile(
    r"\b(?:propos|present|introduc|develop|releas|describ|term|call|nam|dub|coin)\w*\s+"
    r"(?:(?:a|an|the|our|new|novel|simple|it|as|by|this|method|model|framework|approach|dataset|system|strategy)[,:]?\s+)*"
    r"[\"'“‘]?(?P<name>[^\W_][\w^+\-]*[^\W_])"
)
_IN_PARENTHESES = re.compile(r"\((?P<name>[^\W_][\w^+&\-]*[^\W_])\)")


def has_name_shape(token: str) -> bool:
    """Return whether a token looks like a name of something: capitals inside, or letters with digits."""
    letters = [character for character in token if character.isalpha()]
    if len(letters) < _MIN_KEY:
        return False
    capitals = sum(character.isupper() for character in letters)
    if capitals >= _MIN_KEY or (capitals and not token[0].isupper()):
        # "Fine-Tuning" has two capitals and is no name: one at the start of each part is how titles are written.
        parts = [part for part in re.split(r"[-/&]", token) if part]
        return not all(part[:1].isupper() and part[1:].islower() for part in parts) or len(parts) == 1
    return any(character.isdigit() for character in token) and capitals > 0


def names_of(paper: Paper) -> list[Name]:
    """Return the names that stand in a paper, one for each key, with the highest standing that it has there."""
    title, abstract = plain_text(paper.title), plain_text(paper.abstract)
    found: dict[str, Name] = {}

    def add(name: str, standing: Standing) -> None:
        key = title_key(name)
        if len(key) >= _MIN_KEY and not key.isdigit() and key not in FUNCTION_WORDS:
            if name.lower() in _COMMON:
                standing = Standing.MENTIONED
            if key not in found or found[key].standing < standing:
                found[key] = Name(name, key, standing)

    head, colon, _ = title.partition(":")
    if colon and len(head.split()) <= _MAX_NAME_WORDS:
        add(head.strip(), Standing.TITLE_HEAD)
    for token in filter(has_name_shape, _TOKEN.findall(title)):
        add(token, Standing.TITLE)
    for sentence in split_sentences(abstract):
        for token in filter(has_name_shape, _TOKEN.findall(sentence)):
            add(token, Standing.REPEATED if title_key(token) in found else Standing.MENTIONED)
        for match in _BEHIND_VERB.finditer(sentence):
            # "present deita (short for ...)": written small, yet spelled out right behind.
            if has_name_shape(match["name"]) or sentence[match.end("name") :].startswith(" ("):
                add(match["name"], Standing.BROUGHT_IN)
        for match in _IN_PARENTHESES.finditer(sentence):
            if has_name_shape(match["name"]) and _BRINGS_IN.search(sentence[: match.start()]):
                add(match["name"], Standing.BROUGHT_IN)
    for name in list(found.values()):
        # Letters only: "S2FT" would give it any "Sparse Fine-Tuning" for a long form.
        if name.standing >= Standing.BROUGHT_IN and name.name.isupper() and name.name.isalpha():
            for long_form in filter(None, (_long_form(name.name, text) for text in (title, abstract))):
                add(long_form, name.standing)
    return list(found.values())


def _long_form(acronym: str, text: str) -> str | None:
    """Return the words of the text whose initials make the acronym ("HFT": "Half Fine-Tuning"), if any do."""
    initials = [letter for letter in acronym.lower() if letter.isalpha()]
    if len(initials) < _MIN_KEY + 1:
        return None
    tokens = [(match.group(), match.start(), match.end()) for match in re.finditer(r"[^\W_]+", text)]
    for start in range(len(tokens) - len(initials) + 1):
        run = tokens[start : start + len(initials)]
        if [token[0].lower() for token, _, _ in run] == initials:
            return text[run[0][1] : run[-1][2]]
    return None


# Written in capitals everywhere: fields and kinds of model, owned by no paper.
_COMMON = frozenset(
    "llm llms lm lms nlp nlu nlg ai ml dl gpu gpus cpu api apis cv rl ir qa ood sota sft peft icl".split()
)


def question_names(question: str, is_ordinary_word: Callable[[str], bool]) -> dict[str, str]:
    """Return what in the question could be a name: key -> as written, runs of up to four words.

    A single word that also is an ordinary one ("less", "first", "lotus") counts only where it has a capital; whoever
    looks it up must still compare its spelling, as a sentence gives its first word a capital, too.
    """
    tokens = [(match.group(), match.start()) for match in _TOKEN.finditer(plain_text(question))]
    found: dict[str, str] = {}
    for start in range(len(tokens)):
        for length in range(1, _MAX_NAME_WORDS + 1):
            run = [token for token, _ in tokens[start : start + length]]
            if len(run) < length:
                break
            text = " ".join(run)
            if length == 1 and "-" in text:
                # "deita-Mistral-7B" names deita, too.
                for part in text.split("-"):
                    if len(part) > _MIN_KEY and _may_be_name(part, is_ordinary_word):
                        found.setdefault(title_key(part), part)
            if length == 1 and not _may_be_name(text, is_ordinary_word):
                continue
            key = title_key(text)
            # "I'd" is two tokens here, and no name "ID".
            if len(key) >= (_MIN_KEY if length == 1 else _MIN_JOINED_KEY) and not key.isdigit():
                found.setdefault(key, text)
    return found


def _may_be_name(token: str, is_ordinary_word: Callable[[str], bool]) -> bool:
    if token.lower() in FUNCTION_WORDS:
        return token.isupper() and len(token) > 1
    return not (token.islower() and is_ordinary_word(token))
