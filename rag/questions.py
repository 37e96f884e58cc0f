"""What is asked: the question cleaned, the papers that it names, and what it leans on in the history."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from rag.answers import Turn
from rag.catalogue import NameMatch, Standing
from rag.library import Library
from rag.names import has_name_shape, question_names
from rag.papers import fold_space, title_key
from rag.ranking import idf
from rag.words import content_words, stems, words

MAX_QUESTION_CHARACTERS = 2_000
_MAX_OWNERS = 2
_MAX_STANDING = 3
_MIN_TITLE_WORDS = 3
_MIN_TITLE_SHARE = 0.8
_HISTORY_TURNS = 4

# Words by which a question points at what was said before.
_POINTS_BACK = re.compile(
    r"^(?:and|so|but|also|what about|how about)\b|\b(?:it|its|they|their|them|that|this|these|those|one|ones)\b", re.I
)
_NAME_TOKEN = re.compile(r"[^\W_][\w\-]*")
_QUOTED = re.compile(r"[\"“‘'«](?P<title>[^\"”’»]{8,200}?)[\"”’'»](?=\W|$)")


@dataclass(frozen=True, slots=True)
class Question:
    """A question as citebot understands it.

    `asked` is the question as it came, cleaned; `text` the one to answer: `asked`, completed from the history if it
    leans on it. `named` are the ids of the papers that it names; `name_words` are the words of the names.
    `has_known_name`: some name in it stands in the library, be it in many papers.
    `unknown_names` are words that look like names of systems and stand in no paper of the library.
    """

    asked: str
    text: str
    named: tuple[str, ...] = ()
    name_words: frozenset[str] = frozenset()
    has_known_name: bool = False
    unknown_names: tuple[str, ...] = ()


def understand(asked: str, history: Sequence[Turn], library: Library) -> Question:
    """Return what is asked, given what was said before (oldest first)."""
    asked = clean(asked)
    unknown = unknown_names(asked, library)
    named = papers_named(asked, library)
    if not named.paper_ids and history and _POINTS_BACK.search(asked):
        # The latest turn that names papers is what the question points at. Their titles join the question's text, so
        # that search and reader alike see what was understood.
        for turn in reversed(history[-_HISTORY_TURNS:]):
            meant = papers_named(clean(turn.content), library)
            if meant.paper_ids:
                titles = " / ".join(paper.plain_title for paper in library.catalogue.papers(meant.paper_ids))
                return Question(asked, f"{asked} ({titles})", meant.paper_ids, meant.words, True, unknown)
    return Question(asked, asked, named.paper_ids, named.words, named.any_known, unknown)


def clean(text: str) -> str:
    """Return the text without control and invisible characters, white space folded, cut at MAX_QUESTION_CHARACTERS."""
    visible = "".join(c if unicodedata.category(c) not in {"Cc", "Cf", "Co", "Cs"} else " " for c in text)
    return fold_space(visible)[:MAX_QUESTION_CHARACTERS]


@dataclass(frozen=True, slots=True)
class NamedPapers:
    """The papers that a text names, the (lower-case) words of the names, and whether any name is known at all."""

    paper_ids: tuple[str, ...]
    words: frozenset[str]
    any_known: bool


def papers_named(text: str, library: Library) -> NamedPapers:
    """Return the papers that the text names.

    A paper is named by the head of its title, by a name that it alone brings in, by (most of) its title, or by a
    name in its title that hardly any other paper has. Where nothing of that sort is there, a name that one
    abstract alone repeats names its paper. Benchmarks and base models stand in many and name none.
    """
    catalogue = library.catalogue
    candidates = question_names(text, library.embedder.is_ordinary_word)
    by_key: dict[str, list[NameMatch]] = {}
    for match in catalogue.names(list(candidates)):
        written = candidates[match.key]
        # "Lotus" is the paper's name, "First," is not the name "FIRST".
        if written == match.name or not library.embedder.is_ordinary_word(written):
            by_key.setdefault(match.key, []).append(match)
    named = dict(_papers_by_title(text, library))
    titles = [title_key(title) for title in named.values()]
    # Longer names first: "SMoE-Dropout" says more than "SMoE". What stands inside a title says nothing beside it.
    keys = [key for key in sorted(by_key, key=len, reverse=True) if not any(key in title for title in titles)]
    for key in keys:
        for paper_id in _owners(by_key[key]):
            named.setdefault(paper_id, candidates[key])
    # Weaker signs, the next only where the one before found nothing.
    for find in (_in_title, _repeating):
        if not named:
            named = {paper_id: candidates[key] for key in keys for paper_id in find(by_key[key])}
    name_words = frozenset(word for name in named.values() for word in content_words(name)).intersection(words(text))
    return NamedPapers(tuple(named), name_words, bool(by_key) or bool(named))


def unknown_names(text: str, library: Library) -> tuple[str, ...]:
    """Return the tokens of the text that look like names, are no ordinary words, and stand in no paper by any part."""
    is_ordinary = library.embedder.is_ordinary_word
    tokens = [token for token in _NAME_TOKEN.findall(text) if has_name_shape(token) and not is_ordinary(token)]
    return tuple(
        dict.fromkeys(token for token in tokens if not any(library.catalogue.frequency(word) for word in words(token)))
    )


def _owners(matches: Sequence[NameMatch]) -> list[str]:
    """Return the ids of the papers that own a name, given all the papers in which it stands."""
    heads = [match.paper_id for match in matches if match.standing is Standing.TITLE_HEAD]
    if heads:
        return heads if len(heads) <= _MAX_OWNERS else []
    brought_in = [match.paper_id for match in matches if match.standing is Standing.BROUGHT_IN]
    return brought_in if len(brought_in) == 1 and len(matches) <= _MAX_STANDING else []


def _in_title(matches: Sequence[NameMatch]) -> list[str]:
    """Return the ids of the papers that have a name in their title, where hardly any other paper has it at all."""
    in_title = [match.paper_id for match in matches if match.standing is Standing.TITLE]
    return in_title if len(matches) <= _MAX_OWNERS else []


def _repeating(matches: Sequence[NameMatch]) -> list[str]:
    """Return the id of the one paper whose abstract repeats a name, where hardly any other paper has it at all."""
    repeating = [match.paper_id for match in matches if match.standing is Standing.REPEATED]
    return repeating if len(repeating) == 1 and len(matches) <= _MAX_OWNERS else []


def _papers_by_title(text: str, library: Library) -> list[tuple[str, str]]:
    """Return (paper id, title head) of the papers whose title, or its part before the colon, stands in the text.

    Rare words count more (idf), so "the" missing or a "LLMs" for "Large Language Models" does not matter.
    """
    catalogue = library.catalogue
    in_text = stems(text)
    quoted = {title_key(match["title"]) for match in _QUOTED.finditer(text)}
    nearest = list(catalogue.best_matches(content_words(text), 10))
    papers = catalogue.count()
    found: list[tuple[float, str, str]] = []
    for paper in catalogue.papers(nearest):
        title = paper.plain_title
        for part in dict.fromkeys((title, title.split(":")[0])):
            wanted = content_words(part)
            if len(wanted) < _MIN_TITLE_WORDS:
                continue
            weights = {word: idf(catalogue.frequency(word), papers) for word in wanted}
            share = sum(weight for word, weight in weights.items() if stems(word) <= in_text) / sum(weights.values())
            is_quoted = any(quote and quote in title_key(title) for quote in quoted)
            if share >= _MIN_TITLE_SHARE or is_quoted:
                found.append((share + is_quoted, paper.id, part))
                break
    # A title that stands whole beats titles that only share its words.
    best = max((share for share, _, _ in found), default=0.0)
    return [(paper_id, part) for share, paper_id, part in sorted(found, reverse=True) if share >= best - 0.1]
