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
# "Prompt Tuning Inversion for ...": what a title without a colon begins with, all in capitals.
_TITLE_PHRASE = re.compile(r"(?P<name>[A-Z][\w\-]+(?: [A-Z][\w\-]+){1,3}) (?:for|via|using|with|makes|by|in|on|of)\b")
_VERSIONED = re.compile(r"\b[A-Z][\w\-]+ v\d[\d.]*\b")  # "Vega v1"
_MIN_KEY = 2
_MIN_JOINED_KEY = 4
_MAX_TAKEN = 3
_TOKEN = re.compile(r"[^\W_][\w^+&/.\-]*[^\W_]|[^\W_]")
# How an abstract brings in its own thing: right behind such a verb ("we present deita"), or in parentheses behind its
# long form, the verb not far before it ("we propose Half Fine-Tuning (HFT)").
_BRINGING = (
    r"(?:propos|present|introduc|develop|releas|describ|term|call|nam|dub|coin|devis|design|creat|build|built)\w*"
)
_NAMING = (
    r"(?:(?:propos|present|introduc|develop|releas|describ)\w*|termed?|called|named?|dubbed|coined?|denoted|yields?)"
)
_BRINGS_IN = re.compile(rf"\b{_BRINGING}\b[^.;]{{0,90}}$")
_IS_OURS = re.compile(r"\b(?:[Oo]ur|[Nn]ovel)\b[^.;]{0,60}$")
_LEAD_IN = (
    r"(?:(?:a|an|the|our|new|novel|simple|yet|effective|efficient|it|as|by|this|method|model|framework|approach|dataset|system|strategy)"
    r"[,:]?\s+)*"
)
_BEHIND_VERB = re.compile(
    rf"\b{_NAMING}\s+{_LEAD_IN}"
    r"[\"'“‘]?(?P<name>[^\W_][\w^+\-]*[^\W_])"
)
# "we propose Prompt Tuning Inversion": words with capitals behind the verb, two to five of them.
_PHRASE_BEHIND_VERB = re.compile(
    rf"\b{_NAMING}\s+{_LEAD_IN}"
    r"[\"'“‘]?(?P<name>[A-Z][\w\-]+(?:\s+(?:[A-Z][\w\-]+|v\d|via|of|the|by|for(?=\s+[A-Z]))){1,5})"
)
_GOES_ON = re.compile(r"(?:[,:]| ?[—–]| (?:to|that|which|a|an|for|based|by|as)\b)")
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
            if name.lower() in COMMON_NAMES:
                standing = Standing.MENTIONED
            if key not in found or found[key].standing < standing:
                found[key] = Name(name, key, standing)

    head, colon, _ = title.partition(":")
    if colon and len(head.split()) <= _MAX_NAME_WORDS:
        add(head.strip(), Standing.TITLE_HEAD)
    elif (phrase := _TITLE_PHRASE.match(title)) and 2 <= len(phrase["name"].split()) <= _MAX_NAME_WORDS:
        add(phrase["name"], Standing.TITLE)
    for token in filter(has_name_shape, _TOKEN.findall(title)):
        add(token, Standing.TITLE)
    for match in _VERSIONED.finditer(title):
        add(match.group(), Standing.TITLE)
    for sentence in split_sentences(abstract):
        for token in filter(has_name_shape, _TOKEN.findall(sentence)):
            add(token, Standing.REPEATED if title_key(token) in found else Standing.MENTIONED)
        for match in _BEHIND_VERB.finditer(sentence):
            # "present deita (short for ...)": written small, yet spelled out right behind.
            # A capital alone is a name only where the sentence goes on without a noun: "propose Telly to ...".
            behind = sentence[match.end("name") :]
            is_alone = match["name"][0].isupper() and _GOES_ON.match(behind) is not None
            if has_name_shape(match["name"]) or is_alone or behind.startswith(" ("):
                add(match["name"], Standing.BROUGHT_IN)
        for match in _PHRASE_BEHIND_VERB.finditer(sentence):
            add(match["name"], Standing.BROUGHT_IN)
        for match in _IN_PARENTHESES.finditer(sentence):
            before = sentence[: match.start()]
            spelled_out = directly_before(match["name"], before)
            # "our framework (ProMoT)" brings in a name, "our models on natural language inference (NLI)" none.
            ours = _IS_OURS.search(before) and (spelled_out is None or not spelled_out.islower())
            if has_name_shape(match["name"]) and (_BRINGS_IN.search(before) or ours):
                add(match["name"], Standing.BROUGHT_IN)
                if spelled_out and match["name"].lower() not in COMMON_NAMES:
                    add(spelled_out, Standing.BROUGHT_IN)
    for name in list(found.values()):
        # Letters only: "S2FT" would give it any "Sparse Fine-Tuning" for a long form.
        if name.standing >= Standing.BROUGHT_IN and name.name.isupper() and name.name.isalpha():
            for spelled_out in filter(None, (long_form(name.name, text) for text in (title, abstract))):
                add(spelled_out, name.standing)
    return list(found.values())


def directly_before(acronym: str, text: str) -> str | None:
    """Return the last words of the text if their initials make the acronym: "Moment Probing" for "MP"."""
    letters = "".join(letter for letter in acronym.lower() if letter.isalpha())
    tokens = list(re.finditer(r"[^\W_]+", text))[-len(letters) :]
    if len(letters) < _MIN_KEY:
        return None
    for first in range(len(tokens)):  # the most words first; "ViT" takes two letters of "Vision"
        if len(tokens) - first >= _MIN_KEY and _spells([token.group().lower() for token in tokens[first:]], letters):
            return text[tokens[first].start() :].strip()
    return None


def _spells(parts: list[str], letters: str) -> bool:
    """Return whether the letters are beginnings of all the words, in order."""
    if not parts or not letters:
        return not parts and not letters
    return any(
        parts[0].startswith(letters[:taken]) and _spells(parts[1:], letters[taken:])
        for taken in range(1, min(_MAX_TAKEN, len(letters)) + 1)
    )


def long_form(acronym: str, text: str) -> str | None:
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
COMMON_NAMES = frozenset(
    "llm llms lm lms nlp nlu nlg ai ml dl gpu gpus cpu api apis cv rl ir qa ood sota sft fft ssl peft icl".split()
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
