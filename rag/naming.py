"""Which papers a text names: by system, acronym, (most of) a title, with a slip of the finger, or not quite.

A name that resembles one in the library without being it ("Ferret-v2", "Monarch Mixer", "BAM, the bottleneck attention
module") names no paper: it is a near miss, and whoever answers must say so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.catalogue import NameMatch, Standing
from rag.library import Library
from rag.names import has_name_shape, long_form, question_names
from rag.papers import Paper, plain_text, title_key
from rag.ranking import idf
from rag.words import FUNCTION_WORDS, content_words, stem, stems, words

_MAX_OWNERS = 2
_MAX_STANDING = 3
_NEAR = 2
_MIN_ORDINARY_LETTERS = 4
_MIN_TITLE_WORDS = 3
_MIN_TITLE_SHARE = 0.8
# Slips: one edit in a name of five letters and more, two in one of nine and more.
_MIN_SLIP_LETTERS = 5
_MIN_TWO_SLIPS_LETTERS = 9

_NAME_TOKEN = re.compile(r"[^\W_][\w\-]*")
_QUOTED = re.compile(r"[\"“‘'«](?P<title>[^\"”’»]{8,200}?)[\"”’'»](?=\W|$)")
_AUTHORS = re.compile(r"\b(?P<first>[^\W\d_]{2,})(?:,? (?:&|and) (?P<second>[^\W\d_]{2,}))?,? et al\b", re.I)
_SIZE = re.compile(r"\d+(?:\.\d+)?[bmk]", re.I)
_OPPOSED = re.compile(r"(?<!\w)([^\W_][\w\-]*)\W{0,2} (?:vs\.?|versus) \W?([^\W_][\w\-]*)", re.I)
_AMOUNTS = frozenset(("more", "less", "fewer", "few", "many", "high", "low"))
_PAPER = r"(?:paper|study|work|article|report|one|people|authors)"
_COMPARES = re.compile(r"\b(?:vs|versus|compar\w*|differ\w*|contrast|both|each|and|or|against|than)\b", re.I)


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A name in the text that no paper has, and the paper whose name it resembles."""

    name: str
    paper_id: str


@dataclass(frozen=True, slots=True)
class NamedPapers:
    """The papers that a text names.

    `written`: paper id -> the name as it stands in the text (or the part of the title that was recognised), in the
    order of the text. `words`: the lower-case words of these names. `any_known`: some name in the text stands in the
    library, be it in many papers. `for_certain`: by names that are theirs, not by names that only they happen to have.
    `near_misses`: names that resemble those of papers and are not theirs.
    """

    written: dict[str, str]
    words: frozenset[str]
    any_known: bool
    for_certain: bool = True
    near_misses: tuple[NearMiss, ...] = ()

    @property
    def paper_ids(self) -> tuple[str, ...]:
        """The ids of the papers, in the order of the text."""
        return tuple(self.written)


def papers_named(text: str, library: Library) -> NamedPapers:
    """Return the papers that the text names.

    A paper is named by the head of its title, by a name that it alone brings in, by (most of) its title, or by a
    name in its title that hardly any other paper has; failing these, by a name that it alone has, if the text fits
    it best. Benchmarks and base models stand in many and name none.
    """
    # "lisa vs ist": but "less vs more" is no paper.
    sides = [{word.lower() for word in match.groups()} for match in _OPPOSED.finditer(text)]
    opposed = frozenset().union(*(its for its in sides if not its & (FUNCTION_WORDS | _AMOUNTS)))

    def is_ordinary(word: str) -> bool:
        return word.lower() not in opposed and library.embedder.is_ordinary_word(word)

    candidates = question_names(text, is_ordinary)
    by_key: dict[str, list[NameMatch]] = {}
    for match in library.catalogue.names(list(candidates)):
        written = candidates[match.key]
        # "Lotus" is the paper's name, "First," is not the name "FIRST".
        if written == match.name or not is_ordinary(written):
            by_key.setdefault(match.key, []).append(match)
    any_known = bool(by_key)
    by_key = {
        key: matches for key, matches in by_key.items() if not _is_said_by_many(candidates[key], matches, library)
    }
    near_misses = list(_slips(candidates, by_key, library))
    named = dict(_papers_by_title(text, library))
    titles = list(named.values())
    # Longer names first: "SMoE-Dropout" says more than "SMoE". What stands inside a title says nothing beside it.
    keys = [key for key in sorted(by_key, key=len, reverse=True) if not _is_part_of(titles, candidates[key], text)]
    for key in keys:
        for paper_id in _owners(by_key[key]):
            named.setdefault(paper_id, candidates[key])
    for_certain = bool(named)
    # Weaker signs; where papers are compared, one may have but such.
    if not named or _COMPARES.search(text):
        for find in (_in_title, _repeating):
            for key in keys:
                if not any(match.paper_id in named for match in by_key[key]):
                    named |= dict.fromkeys(find(by_key[key]), candidates[key])
    if named and _COMPARES.search(text):
        # "LESS and the study with RDS+": what only one paper mentions is enough where a paper is spoken of.
        for key in keys:
            owners = {match.paper_id for match in by_key[key]}
            if len(owners) == 1 and not owners & named.keys() and _is_said_of_paper(candidates[key], text):
                named |= dict.fromkeys(owners, candidates[key])
    if not for_certain and len(named) == 1 and not _is_near(next(iter(named)), text, library):
        named = {}
    if not named and not near_misses:
        named = _alone_having(keys, by_key, candidates, text, library) or _as_ordinary_word(text, library)
    for paper in library.catalogue.papers(list(named)):
        another = _another_name(named[paper.id], text, paper)
        if another:
            near_misses.append(NearMiss(another, paper.id))
            del named[paper.id]
    folded = text.lower()
    named = dict(sorted(named.items(), key=lambda item: place_of(item[1], folded)))
    name_words = frozenset(word for name in named.values() for word in content_words(name)).intersection(words(text))
    return NamedPapers(named, name_words, any_known or bool(named), for_certain, tuple(dict.fromkeys(near_misses)))


def unknown_names(text: str, library: Library) -> tuple[str, ...]:
    """Return what looks like a name in the text, is no ordinary word, and stands in no paper by any part.

    Authors ("Kaplan et al.") count, whatever their names mean otherwise.
    """
    is_ordinary = library.embedder.is_ordinary_word
    frequency = library.catalogue.frequency
    tokens = [token for token in _NAME_TOKEN.findall(text) if has_name_shape(token) and not is_ordinary(token)]
    unknown = [token for token in tokens if not any(frequency(word) for word in words(token))]
    for match in _AUTHORS.finditer(text):
        names = [name for name in match.groups() if name]
        if not any(frequency(name.lower()) for name in names):
            unknown.append(match.group())
    return tuple(dict.fromkeys(unknown))


def place_of(name: str, folded_text: str) -> int:
    """Return where in the (lower-case) text a name stands; names that stand in parts come last."""
    place = folded_text.find(name.lower())
    return place if place >= 0 else len(folded_text)


def _slips(candidates: dict[str, str], by_key: dict[str, list[NameMatch]], library: Library) -> list[NearMiss]:
    """Add to `by_key` the names that candidates are slips of, and return the near misses among the others."""
    from rapidfuzz import process
    from rapidfuzz.distance import DamerauLevenshtein

    near_misses: list[NearMiss] = []
    known: dict[str, list[NameMatch]] = {}
    for key, written in candidates.items():
        if key in by_key or len(key) < _MIN_SLIP_LETTERS or not _may_be_slip(written, library):
            continue
        known = known or library.catalogue.names_of_papers()
        allowed = 2 if len(key) >= _MIN_TWO_SLIPS_LETTERS else 1
        found = process.extract(key, known.keys(), scorer=DamerauLevenshtein.distance, score_cutoff=allowed, limit=2)
        if not found or (len(found) > 1 and found[0][1] == found[1][1]):
            continue
        matches = known[found[0][0]]
        if key[0] == found[0][0][0] and not _differs_on_purpose(written, found[0][0]):
            by_key[key] = matches
        else:
            near_misses.append(NearMiss(written, matches[0].paper_id))
    return near_misses


def _may_be_slip(written: str, library: Library) -> bool:
    """Return whether no word of the name stands in the library, and none is ordinary: then it may be misspelled."""
    parts = words(written)
    return len(parts) <= 2 and not any(
        library.embedder.is_ordinary_word(part) or library.catalogue.frequency(part) for part in parts
    )


def _differs_on_purpose(written: str, key: str) -> bool:
    """Return whether a name differs from a known one in what is chosen, not slipped: a capital, a figure, an acronym.

    "LongQLoRA" is no misspelled "LongLoRA", nor "VideoCrafter2" another's "VideoCrafter".
    """
    from rapidfuzz.distance import Levenshtein

    letters = "".join(character for character in written if character.isalnum())
    if letters.isupper():
        return True
    folded = letters.lower()
    if len(folded) != len(letters):
        return True
    for edit in Levenshtein.editops(folded, key):
        mine = letters[edit.src_pos] if edit.tag != "insert" else ""
        theirs = key[edit.dest_pos] if edit.tag != "delete" else ""
        if mine.isdigit() or theirs.isdigit() or (mine.isupper() and edit.src_pos > 0 and edit.tag == "delete"):
            return True
    return False


def _another_name(name: str, text: str, paper: Paper) -> str | None:
    """Return the whole name where the text goes on to say that it is not the paper's: "Monarch Mixer", "Ferret-v2"."""
    own = plain_text(f"{paper.title} {paper.abstract}")
    own_stems, own_words, own_key = stems(own), frozenset(words(own)), title_key(own)

    def is_foreign(part: str) -> bool:
        if part.lower() in FUNCTION_WORDS or _SIZE.fullmatch(part):
            return False
        key = title_key(part)
        return part.lower() not in own_words and not stems(part) & own_stems and (len(key) < 5 or key not in own_key)

    match = re.search(rf"(?<![\w]){re.escape(name)}(?![^\W\d_])", text)
    if match is None:
        return None
    before = re.search(r"(?P<part>[^\W_][\w.]*)-$", text[: match.start()])
    if before and has_capital_or_digit(before["part"]) and is_foreign(before["part"]):
        return f"{before.group()}{name}"
    behind = re.match(
        r"(?:-|(?= ?v\d))(?P<part>[^\W_][\w.]*)| (?P<version>\d+\.\d+)\b", text[match.end() :].rstrip(".?!")
    )
    if behind:
        part = behind["part"] or behind["version"]
        if (
            has_capital_or_digit(part)
            and (behind["version"] or is_foreign(part))
            and title_key(name + part) not in own_key
        ):
            return f"{name}{behind.group()}"
    following = re.match(r" (?P<part>[A-Z][a-z]{2,})\b", text[match.end() :])
    if (
        following
        and not _is_titled(text.replace(match.group() + following.group(), " "))
        and is_foreign(following["part"])
    ):
        return f"{name}{following.group()}"
    if name.isupper() and name.isalpha():
        expansion = long_form(name, text.replace(name, " "))
        if expansion and sum(stem(word) in own_stems for word in content_words(expansion)) * 2 < len(name):
            return f"{name} ({expansion})"
    return None


def has_capital_or_digit(part: str) -> bool:
    """Return whether a part of a name is written as one: "Ferret-v2" and "Video-LLaVA", not "LoRA-based"."""
    return part[:1].isupper() or any(character.isdigit() for character in part)


def _is_titled(text: str) -> bool:
    """Return whether the text Is Written Like a Title, so that capitals mean nothing."""
    letters = [word for word in re.findall(r"[^\W\d_]+", text)[1:] if len(word) > 3]
    return bool(letters) and sum(word[0].isupper() for word in letters) / len(letters) > 0.5


def _is_said_by_many(written: str, matches: Sequence[NameMatch], library: Library) -> bool:
    """Return whether other papers use a name, too: "prompt tuning", though one paper brings in a kind of it."""
    standing = max(match.standing for match in matches)
    if standing is Standing.TITLE_HEAD or (standing is Standing.TITLE and any(written == m.name for m in matches)):
        return False
    return len(library.catalogue.having_phrase(words(written))) > _MAX_STANDING


def _alone_having(
    keys: Sequence[str], by_key: dict[str, list[NameMatch]], candidates: dict[str, str], text: str, library: Library
) -> dict[str, str]:
    """Return the paper that alone has a name anywhere (or hardly another), if it also fits the text best."""
    alone = {
        match.paper_id: candidates[key]
        for key in keys
        # "What is QLoRA?" is not about the one paper that mentions it: something must be asked beside the name.
        if len({each.paper_id for each in by_key[key]}) <= _MAX_OWNERS
        and set(content_words(text)) - set(words(candidates[key]))
        for match in by_key[key]
    }
    best = library.rank(text, describes=False).paper_ids[:1] if alone else []
    return {paper_id: alone[paper_id] for paper_id in best if paper_id in alone}


def _is_said_of_paper(name: str, text: str) -> bool:
    """Return whether the text speaks of a paper by the name: "the TInt paper", "the study with RDS+"."""
    here = re.escape(name)
    behind = rf"\b{_PAPER} (?:with|on|about|behind|using|by|of|that uses) (?:the )?{here}"
    return re.search(rf"(?<!\w){here}\W{{0,2}} {_PAPER}\b|{behind}", text, re.I) is not None


def _is_part_of(titles: Sequence[str], name: str, text: str) -> bool:
    """Return whether a name stands in titles that the text has, and nowhere else in it."""
    key = title_key(name)
    having = [title for title in titles if key in title_key(title)]
    alone = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.I)
    return bool(having) and len(alone.findall(text)) <= sum(len(alone.findall(title)) for title in having)


def _is_near(paper_id: str, text: str, library: Library) -> bool:
    """Return whether the text as a whole finds the paper, too: a name that it alone repeats may be a benchmark's."""
    return paper_id in library.rank(text, describes=False).paper_ids[:_NEAR]


def _as_ordinary_word(text: str, library: Library) -> dict[str, str]:
    """Return the paper whose name stands there as an ordinary word ("lotus for vision"), if it also fits best."""
    called = library.catalogue.names_of_papers()
    keys = [key for key in dict.fromkeys(words(text)) if len(key) >= _MIN_ORDINARY_LETTERS and key in called]
    heads = {match.paper_id: key for key in keys for match in called[key] if match.standing is Standing.TITLE_HEAD}
    best = library.rank(text, describes=False).paper_ids[:1] if heads else []
    return {paper_id: heads[paper_id] for paper_id in best if paper_id in heads}


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
    return [(paper_id, part) for share, paper_id, part in sorted(found, reverse=True) if share >= min(best - 0.1, 1.0)]
