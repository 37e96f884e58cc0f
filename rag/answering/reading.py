"""A language model's text to claims with sentence numbers, read as it arrives and tolerantly.

Models are asked for "Claim [1]. Claim [2][3]." Many write "Claim. [1]", "[1] Claim", "(sentences 1 and 2)", "[S1, S2]",
"【1†source】", "According to [1], claim", lists, headings and bold type: all of it is read. What is not a claim (an
introduction, a heading) is passed over. What is read does not depend on where the text is cut into pieces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.papers import split_sentences
from rag.showing import inert

NOTHING = "NOT TOLD"

_OPEN, _CLOSE = "\ue000", "\ue001"
# A mark as it is kept while sentences are told apart: no character in it ends a sentence or begins a word.
_ONE = rf"\s*{_OPEN}[\d,]*{_CLOSE}"
_SOME = rf"(?:{_ONE})+"
_KEPT = re.compile(rf"\s*{_OPEN}([\d,]*){_CLOSE}")

_KIND = r"(?:(?:sentences?|sources?|evidence|numbers?|citations?|cite|id|nos?|refs?|s|\^|#)\.?\s*:?)?\s*"
_LIST = rf"{_KIND}\d{{1,3}}(?:(?:\s*(?:,|;|/|&|and\b|to\b|[-–—]))+\s*{_KIND}\d{{1,3}}){{0,15}}"
_SAYS = r"(?:says?|states?|tells?|mentions?|reports?|shows?|notes?|indicates?|explains?|describes?)"
_AS_SAID = r"(?:according to|as (?:said|stated|told|mentioned|reported|shown|noted|described|seen) (?:in|by)|see)"
_MARK = re.compile(
    rf"\\?[\[\uff3b]{{1,2}}\s*(?P<square>{_LIST})\s*\\?[\]\uff3d]{{1,2}}(?:\([^)\s]*\))?|"
    rf"【\s*(?P<corner>{_LIST})[^】]{{0,60}}】|"
    rf"<sup>\s*(?P<raised>{_LIST})\s*</sup>|"
    rf"\((?P<words>(?:see\s+)?(?:sentences?|sources?|evidence)\s*{_LIST})\)|"
    rf"(?:(?<=[\w.!?])|^)\s*\((?P<bare>\d{{1,2}}(?:\s*,\s*\d{{1,2}}){{0,9}})\)(?=[.!?]+(?:\s|$)|\s*$)|"
    rf"\b{_AS_SAID}\s+(?P<told>sentences?\s+{_LIST})|"
    rf"^\s*(?P<first>sentences?\s+{_LIST})(?=\s+{_SAYS}\b)",
    re.I,
)
_RANGE = re.compile(r"(\d+)\s*(?:[-–—]|\bto\b)\s*\D{0,10}(\d+)", re.I)
_MAX_RANGE = 8
_LONGEST_MARK = 300  # characters after which an open bracket is no mark any more
_BRACKETS = {"[": "]", "\uff3b": "\uff3d", "【": "】", "(": ")"}

_BETWEEN_MARKS = re.compile(rf"(?<={_CLOSE})\s*(?:,|;|&|and\b|or\b)(?={_ONE})", re.I)
_AFTER_STOP = re.compile(rf"([.!?]+[\"'”’)]*)({_SOME})")
_LEADING = re.compile(rf"^{_SOME}")
_NEXT_LEADING = re.compile(rf"(?:(?<=[.!?])|(?<=[.!?][\"'”’)]))(?={_ONE})")
# Words that only point to a mark: "According to [1],", "Sentence [1] says that", "(see [1])".
_POINTING = (
    re.compile(rf"\b{_AS_SAID}(?:\s+(?:the\s+)?(?:sentences?|evidence|sources?))?(?P<marks>{_SOME}),?", re.I),
    re.compile(rf"\(\s*(?:see|from|in|sources?:?)?(?P<marks>{_SOME})\s*\)", re.I),
)
_SAYS_THAT = re.compile(rf"^\s*(?:(?:the\s+)?(?:sentences?|evidence|sources?))?{_SOME}\s*{_SAYS}\s+that\b", re.I)

_LINE_HEAD = re.compile(
    r"^\s*(?:[-*•+]\s+|\(?\d{1,2}[.)]\s+|#+\s*|>\s*|(?:(?:final )?answer|a|response)\s*:\s*)+", re.I
)
_MATERIAL = (
    r"(?:evidence|sentences?|abstracts?|papers?|texts?|information|context|passages?|materials?|excerpts?|sources?)"
)
_OPENING = re.compile(
    r"^(?:(?:sure|certainly|of course|absolutely|okay|ok|unfortunately|however|sorry|i(?:'|’)m sorry|i am sorry)"
    r"(?:\s+thing)?[,.!:;]+\s*(?:but\s+)?|"
    r"(?:based on|according to|from)\s+(?:only\s+)?(?:the|these|this|your)\s+"
    rf"(?:(?:given|provided|numbered|above|available|following|supplied)\s+){{0,3}}{_MATERIAL}"
    r"(?:\s+(?:above|below|given|provided|you gave me))?\s*[,:]\s*|"
    r"here(?:(?:'|’)s| is| are)\s+[^.:]{0,60}:\s+|(?:the|my) answer(?: to [^.:]{0,80})? is\s*:\s+)+",
    re.I,
)
_INTRODUCTION = re.compile(
    r":\s*$|^(?:sure|certainly|of course|here(?:(?:'|’)s| is| are)|based on|let me|i hope|i will)\b[^.]{0,80}[.!]?$",
    re.I,
)
_DENIES = r"(?:do(?:es)? not|don(?:'|’)t|doesn(?:'|’)t|did not|didn(?:'|’)t)"
_HOW = r"(?:(?:directly|explicitly|specifically|clearly|actually|seem to|appear to)\s+)?"
_WORDS = r"[\w\-“”\"'’]+"
_OF_WHAT = rf"(?: (?:of|on|for|about|from|above|below|given|provided|in)\b(?: {_WORDS}){{0,5}}?)?"
_SAYS_NOTHING = re.compile(
    r"^\W*(?:not[ _]told\b|no (?:information|mention|details?|evidence|answer)\b|"
    rf"(?:none|neither) of (?:the|these) (?:{_WORDS} ){{0,3}}?{_MATERIAL} \w+|"
    r"(?:i|we)(?: do not| don(?:'|’)t| cannot| can(?:'|’)t| could not| am unable to|(?:'|’)m unable to) "
    r"(?:know|tell|answer|find|determine|provide|say)\b|"
    r"there(?: is|(?:'|’)s| are) (?:no|not enough|insufficient) (?:\w+ ){0,2}?"
    r"(?:information|mention|details?|evidence|data|answer)\b|"
    r"it is (?:not (?:possible|clear|told|mentioned|stated|specified|known)|unclear|impossible)\b|"
    # "The abstract of LongLoRA does not mention ..."; not so "The text encoder does not contain ...".
    rf"(?:the|this|these|no) (?:{_WORDS} ){{0,5}}?{_MATERIAL}{_OF_WHAT} "
    rf"(?:{_DENIES} {_HOW}(?:tell|say|mention|specify|state|provide|contain|give|include|describe|discuss|report|"
    r"indicate|answer|address|explain|compare)|(?:tells?|says?|mentions?|contains?|gives?|provides?|is|are) "
    r"(?:no|nothing|silent|insufficient|not enough|not sufficient)|cannot|can(?:'|’)t)\b|"
    rf"(?:{_WORDS} ){{1,8}}?(?:is|are|was|were) not {_HOW}"
    r"(?:told|mentioned|specified|stated|provided|given|reported|discussed|described|answered)"
    r"(?=\s*(?:[.,;!]|$|(?:in|by|here|anywhere|from)\b))|"
    rf"(?:{_WORDS} ){{1,8}}?(?:cannot|can(?:'|’)t|could not) be (?:told|answered|determined|found|inferred))",
    re.I,
)
_SAYS_THE_WORD = re.compile(r"\bNOT[ _]TOLD\b")
_IN_QUOTATION_MARKS = re.compile(r"[“\"]([^“”\"]*)[”\"]([.!?]?)")
_NOTHING_INSIDE = re.compile(r"\(\s*(?:[,;]|and)?\s*\)")
_MIN_WORDS = 3


@dataclass(frozen=True, slots=True)
class WrittenClaim:
    """A claim as a model wrote it: its words, safe to show, and the numbers of the sentences that it names."""

    text: str
    numbers: tuple[int, ...]


class DraftReader:
    """Reads claims from a model's text, piece by piece.

    `says_nothing`: the model says, in place of a first claim, that the evidence does not tell.
    """

    def __init__(self) -> None:
        self.says_nothing = False
        self._text = ""
        self._read = 0
        self._claims = 0

    @property
    def text(self) -> str:
        """All that was read so far."""
        return self._text

    def feed(self, piece: str) -> Iterator[WrittenClaim]:
        """Take the next piece of the text and yield the claims that are whole now."""
        self._text += piece.replace(_OPEN, "").replace(_CLOSE, "")
        if any(character.isspace() for character in piece):
            # The last one may go on, or its marks may still come.
            yield from self._new_claims(list(_sentences(_settled(self._text)))[:-1])

    def finish(self) -> Iterator[WrittenClaim]:
        """Yield the claims that only the end of the text makes whole."""
        yield from self._new_claims(list(_sentences(self._text)))

    def _new_claims(self, sentences: list[str]) -> Iterator[WrittenClaim]:
        for sentence in sentences[self._read :]:
            self._read += 1
            numbers = tuple(dict.fromkeys(n for match in _KEPT.finditer(sentence) for n in _numbers(match[1])))
            text = _clean(sentence)
            if _SAYS_THE_WORD.search(sentence) or _SAYS_NOTHING.search(text):
                self.says_nothing = self.says_nothing or not self._claims
            elif len(text.split()) >= _MIN_WORDS and not _is_introduction(text, numbers):
                self._claims += 1
                yield WrittenClaim(text, numbers)


def _settled(text: str) -> str:
    """Return the part of an unfinished text that reads the same whatever comes: whole words, brackets closed."""
    whole_words = text[: len(text) - len(re.split(r"\s", text)[-1])]
    line_start = max(whole_words.rfind("\n"), whole_words.rfind("\r")) + 1
    nearest = max(line_start, len(whole_words) - _LONGEST_MARK)
    for place in range(nearest, len(whole_words)):
        closing = _BRACKETS.get(whole_words[place])
        if closing and closing not in whole_words[place:]:
            return whole_words[:place]
    return whole_words


def _sentences(text: str) -> Iterator[str]:
    """Yield the sentences of the text, marks kept in the sentence to which they belong."""
    waiting = ""
    for line in text.splitlines():
        head_off = _LINE_HEAD.sub("", line.replace("**", "").replace("__", ""))
        kept = _BETWEEN_MARKS.sub("", _MARK.sub(_keep, head_off)).strip()
        if not kept:
            continue
        if not _KEPT.sub("", kept).strip(" .;,"):
            waiting += kept  # a line of marks alone belongs to the sentence before it
            continue
        if waiting:
            yield waiting
        *before, waiting = _led(kept) if _LEADING.match(kept) else split_sentences(_before_stops(kept))
        yield from before
    if waiting:
        yield waiting


def _before_stops(kept: str) -> str:
    """Return a line in which "Claim. [1]" is "Claim [1]."."""
    return _AFTER_STOP.sub(lambda match: match[2] + match[1], kept)


def _led(kept: str) -> list[str]:
    """Return the sentences of a line that begins with a mark, each with the mark that leads it: "[1] A. [2] B."."""
    found: list[str] = []
    for part in _NEXT_LEADING.split(kept):
        rest = _LEADING.sub("", part)
        marks = part.removesuffix(rest)
        if not rest.strip() and found:
            found[-1] += marks  # "[1] A. [1]"
        for sentence in split_sentences(rest):
            found.append(sentence if _KEPT.search(sentence) else f"{marks.strip()} {sentence}")
    return found


def _keep(match: re.Match[str]) -> str:
    inner = next(group for group in match.groups() if group)
    return f" {_OPEN}{','.join(map(str, _listed(inner)))}{_CLOSE}"


def _listed(inner: str) -> list[int]:
    """Return the numbers that a mark lists: "1, 3-5" gives 1, 3, 4, 5."""
    found: list[int] = []
    for first, last in _RANGE.findall(inner):
        if int(first) < int(last) <= int(first) + _MAX_RANGE:
            found += range(int(first), int(last) + 1)
    return sorted({*found, *map(int, re.findall(r"\d+", inner))})


def _numbers(kept: str) -> list[int]:
    return [int(number) for number in kept.split(",") if number]


def _is_introduction(text: str, numbers: tuple[int, ...]) -> bool:
    return text.endswith(":.") or text.endswith(":") or (not numbers and _INTRODUCTION.search(text) is not None)


def _clean(sentence: str) -> str:
    """Return a claim's words, safe to show, with a full stop: marks and words that only point or open are left out."""
    for pointing in _POINTING:
        sentence = pointing.sub(lambda match: match["marks"], sentence)
    text = _KEPT.sub("", _SAYS_THAT.sub("", sentence))
    text = inert(_NOTHING_INSIDE.sub("", text)).strip(" ,;").lstrip(":")
    text = _OPENING.sub("", text)
    if quoted := _IN_QUOTATION_MARKS.fullmatch(text):
        text = quoted[1] + ("" if quoted[1].endswith((".", "!", "?")) else quoted[2])
    text = re.sub(r"\s+([.,;:!?])", r"\1", text).strip()
    text = re.sub(r"[,;]+(?=[.!?]$)", "", text)
    text = _with_capital(text, sentence)
    return text if not text or text[-1] in ".!?:" else f"{text.rstrip(',; ')}."


def _with_capital(text: str, sentence: str) -> str:
    """Return the text with a capital where an opening was cut off; names that begin small ("mLoRA") stay."""
    first = text.split(" ", 1)[0]
    return text if not first.islower() or sentence.strip().startswith(first) else text[0].upper() + text[1:]
