"""Amounts in a text, put in one form: "100k" and "100,000", "41%" and "41 percent", "12x" and "twelve times"."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import zip_longest

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = {word: 10 * n for n, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}
# "One" is left out: it is an article as often as a number.
_WORDS = {word: n for n, word in enumerate(_ONES) if n > 1} | _TENS
_BIG = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "dozen": 12.0}
_LETTERS = {"k": 1e3, "m": 1e6, "b": 1e9, "bn": 1e9, "t": 1e12}
_SCALES = _BIG | {"thousands": 1e3, "millions": 1e6, "billions": 1e9} | _LETTERS
_PERCENT, _TIMES, _POINTS = "percent", "times", "points"
_UNITS = {
    "%": _PERCENT, "percent": _PERCENT, "per cent": _PERCENT, "x": _TIMES, "×": _TIMES, "times": _TIMES,
    "fold": _TIMES, "points": _POINTS, "point": _POINTS, "pp": _POINTS, "percentage points": _POINTS,
    "percentage point": _POINTS, "dollars": "currency", "euros": "currency",
    "gb": "gb", "gib": "gb", "mb": "mb", "kb": "kb", "tb": "tb", "gigabytes": "gb", "megabytes": "mb",
    "ms": "ms", "milliseconds": "ms", "seconds": "seconds", "second": "seconds",
    "minutes": "minutes", "minute": "minutes", "min": "minutes", "hours": "hours", "hour": "hours", "days": "days",
    "day": "days", "weeks": "weeks", "week": "weeks", "months": "months", "month": "months", "years": "years",
    "year": "years", "fps": "fps", "hz": "hz", "db": "db",
}  # fmt: skip
_SAID = {
    "half": (0.5, ""), "halves": (0.5, ""), "halve": (0.5, ""), "halved": (0.5, ""), "halving": (0.5, ""),
    "quarter": (0.25, ""), "quarters": (0.25, ""), "twice": (2.0, _TIMES), "thrice": (3.0, _TIMES),
    **dict.fromkeys(("double", "doubles", "doubled", "doubling"), (2.0, _TIMES)),
    **dict.fromkeys(("triple", "triples", "tripled", "tripling"), (3.0, _TIMES)),
    **dict.fromkeys(("quadruple", "quadruples", "quadrupled", "quadrupling"), (4.0, _TIMES)),
    **{f"{word}fold": (float(n), _TIMES) for word, n in _WORDS.items()},
    "hundredfold": (100.0, _TIMES),
}  # fmt: skip
_PARTS = {"half": 2, "third": 3, "fourth": 4, "quarter": 4, "fifth": 5, "sixth": 6, "eighth": 8, "tenth": 10}


def _any_of(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_SPELLED = rf"(?:(?:{_any_of(_TENS)})[-\s](?:{_any_of(_ONES[1:10])})|{_any_of(_WORDS)})"
_QUANTITY = re.compile(
    rf"(?<![\w.])(?P<currency>[$€£]\s?)?(?:"
    rf"(?P<digits>\d{{1,3}}(?:,\d{{3}})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?(?:e[+\-−]?\d+)?|\.\d+)|"
    rf"\b(?:an?|one)\s+(?=(?P<article>{_any_of(_BIG)})\b)|(?P<word>{_SPELLED})\b)"
    # A letter counts right behind the number, or as a capital behind a blank: "5 m" are metres.
    rf"(?:\s?-?(?P<scale>{_any_of(_SCALES.keys() - _LETTERS.keys())})\b|(?P<letter>{_any_of(_LETTERS)})(?![a-z\d])|"
    rf"[\s-](?P<capital>(?-i:[KMBT])|k)(?![\w]))?"
    rf"(?P<more>\s(?:{_any_of(_BIG)})\b)?"
    # "8x A100", "100 x 100" and "8 × 80 GB" count things, they compare nothing.
    rf"(?:[\s~-]?(?P<unit>{_any_of(_UNITS)})(?![a-z\d])(?!(?<=[x×])\s*(?:\d|(?-i:[A-Z])+\d)))?",
    re.I,
)
_FRACTION = re.compile(
    rf"(?<![\w.])(?:(?P<top>\d{{1,2}})/(?P<bottom>\d{{1,2}})(?=\s?[x×]|\s+(?:of|the|as|fewer|less)\b)|"
    rf"\b(?P<count>an?(?=\s+\w+\s+of\b)|one|{_any_of(_WORDS)})[\s-](?P<part>{_any_of(_PARTS)})s?\b)",
    re.I,
)
_SAID_WORD = re.compile(rf"\b(?:{_any_of(_SAID)})\b", re.I)
_FACTOR = re.compile(r"\b(?:a |by )?factors? of\s*(?:about |around |up to |roughly )?$", re.I)
_JOINS_RANGE = re.compile(r"\s*(?:-{1,2}|–|—|~|to|and|or)\s*", re.I)
_SCALE_AT_END = re.compile(rf"\d[\s-]?({_any_of(_SCALES)})$", re.I)
_DASH = re.compile(r"\s*(?:-{1,2}|–|—|~)\s*")
# "Almost half" is said of 47.9%, "more than four times" of 4.35x: how far below and above itself an amount may mean.
_ROUGHLY = (
    (re.compile(r"\b(?:about|around|roughly|approximately|circa|some)\s*$|[~≈]\s*$", re.I), 0.04, 0.04),
    (re.compile(r"\b(?:over|more than|at least|above|exceeding|upwards of)\s*$", re.I), 0.0, 0.1),
    (re.compile(r"\b(?:under|less than|fewer than|below|almost|nearly|close to|up to|at most)\s*$", re.I), 0.1, 0.0),
)
# "3D", "2nd", "8x7B": digits in a word that is no amount.
_IN_WORD = re.compile(r"^(?:st|nd|rd|th|d)\b|^[\w\-]*[a-zA-Z]\d", re.I)
# "GPT-4", "CIFAR-10": a number behind a name; "top-5" has none, "7B-13B" has another amount.
_NAME_BEFORE = re.compile(r"(?P<name>[\w.\-]*[A-Z][\w.]*)-$")
_AMOUNT_BEFORE = re.compile(r"(?<![\w.])[\d.,]+(?:[kmbtx]|gb|mb|ms)-$", re.I)
_WORD_BEFORE = re.compile(r"(?P<word>[^\W\d_][\w.]*)[\s-]$")
_LONGEST_HEDGE = 20
_TOLERANCE = 1e-6
_OTHER_FORMS = {_PERCENT: 0.01, "": 1.0}


@dataclass(frozen=True, slots=True)
class Quantity:
    """An amount: its value, the unit in one spelling (empty where none is said), and the words as they stand.

    `in_name` is what makes a name of it together with the word before it ("Llama 2"); empty where there is none.
    `least` and `most` are the amounts that it may mean: "almost half" some below, "over 40%" some above.
    """

    value: float
    unit: str
    text: str
    in_name: str = ""
    least: float = math.nan
    most: float = math.nan

    def agrees_with(self, given: Quantity) -> bool:
        """Return whether what is given says this amount: the value, and the unit where both have one.

        "Half" is "50%". No unit is said by a bare whole number: it counts something.
        """
        if self._means(given.value):
            if self.unit and not given.unit and given.value.is_integer():
                return False
            return self.unit == given.unit or not (self.unit and given.unit)
        mine, its = (_OTHER_FORMS.get(each.unit) for each in (self, given))
        if mine is None or its is None or self.unit == given.unit:
            return False
        return self._means(given.value * its / mine)

    def _means(self, value: float) -> bool:
        return self.least <= value <= self.most or _is_close(self.value, value)


def quantities(text: str) -> list[Quantity]:
    """Return the amounts in a text, in order; digits inside names ("LLaMA2", "GPT-4") are none."""
    found: list[tuple[int, int, Quantity]] = []
    for match in _FRACTION.finditer(text):
        if value := _share(match):
            found.append((match.start(), match.end(), Quantity(value, "", match.group())))
    for match in _SAID_WORD.finditer(text):
        if not _is_taken(match, found):
            value, unit = _SAID[match.group().lower()]
            found.append((match.start(), match.end(), Quantity(value, unit, match.group())))
    for match in _QUANTITY.finditer(text):
        if not _is_taken(match, found) and not _is_in_name(match, text):
            found.append((match.start(), match.end(), _quantity(match, text)))
    return _with_units_of_ranges(sorted(found, key=lambda each: each[0]), text)


def missing_quantities(claim: str, evidence: str, also: Iterable[str] = ()) -> list[Quantity]:
    """Return the amounts of a claim that the evidence does not give; `also` (titles, names) counts as given."""
    texts = (evidence, *also)
    given = [quantity for text in texts for quantity in quantities(text)]
    return [
        quantity
        for quantity in quantities(claim)
        if not any(quantity.agrees_with(each) for each in given)
        and not (quantity.in_name and any(_has_name(text, quantity.in_name) for text in texts))
    ]


def _quantity(match: re.Match[str], text: str) -> Quantity:
    if match["digits"]:
        value = float(match["digits"].replace(",", "").replace("−", "-"))
    else:
        value = 1.0 if match["article"] else _value_of(match["word"].lower())
    scale = match["scale"] or match["letter"] or match["capital"] or ""
    value *= _SCALES.get(scale.lower(), 1.0) * _SCALES.get((match["more"] or "").strip().lower(), 1.0)
    unit = _UNITS.get((match["unit"] or "").lower(), "")
    if match["currency"]:
        unit = "currency"
    elif not unit and _FACTOR.search(text, 0, match.start()):
        unit = _TIMES
    before = _WORD_BEFORE.search(text, 0, match.start()) if match["digits"] else None
    said = match.group().strip()
    return Quantity(value, unit, said, f"{before['word']} {said}" if before else "")


def _is_taken(match: re.Match[str], found: list[tuple[int, int, Quantity]]) -> bool:
    return any(start < match.end() and match.start() < end for start, end, _ in found)


def _is_in_name(match: re.Match[str], text: str) -> bool:
    """Return whether the digits are part of a name or of a word that is no amount."""
    if not match["digits"]:
        return False
    if _IN_WORD.match(text[match.end() :]):
        return True
    name = _NAME_BEFORE.search(text, 0, match.start())
    return name is not None and not name["name"][-1].isdigit() and not _AMOUNT_BEFORE.search(text, 0, match.start())


def _with_units_of_ranges(found: list[tuple[int, int, Quantity]], text: str) -> list[Quantity]:
    """Return the amounts, the first of a range with the unit of the second: "10-20%", "three to four times".

    The scale goes along only over a dash: "7-13B" are billions, "from 4 to 100k" may be four.
    """
    units: list[Quantity] = []
    for (_, end, quantity), following in zip_longest(found, found[1:]):
        if following and not quantity.unit and _JOINS_RANGE.fullmatch(text, end, following[0]):
            scale = _scale_of(following[2]) if _DASH.fullmatch(text, end, following[0]) else 1.0
            if quantity.value * scale > following[2].value:
                scale = 1.0
            quantity = replace(quantity, unit=following[2].unit, value=quantity.value * scale)
        units.append(_with_leeway(quantity, text[: found[len(units)][0]]))
    return units


def _with_leeway(quantity: Quantity, before: str) -> Quantity:
    for hedge, below, above in _ROUGHLY:
        if hedge.search(before[-_LONGEST_HEDGE:]):
            return replace(quantity, least=quantity.value * (1 - below), most=quantity.value * (1 + above))
    return quantity


def _scale_of(quantity: Quantity) -> float:
    scale = _SCALE_AT_END.search(quantity.text)
    return _SCALES[scale[1].lower()] if scale else 1.0


def _share(match: re.Match[str]) -> float:
    """Return the value of a fraction, 0 where it is none ("7/3", "24/7")."""
    if match["top"]:
        top, bottom = int(match["top"]), int(match["bottom"])
        return top / bottom if 0 < top < bottom else 0.0
    count = _WORDS.get(match["count"].lower(), 1)
    share = count / _PARTS[match["part"].lower()]
    return share if share < 1 else 0.0


def _has_name(text: str, name: str) -> bool:
    """Return whether the name stands in the text, in whatever way its parts are joined: "LLaMA-2", "Llama2"."""
    joined = r"[\s-]?".join(re.escape(part) for part in re.split(r"[\s-]", name))
    return re.search(rf"(?<![^\W\d_]){joined}(?!\w|\.\d)", text, re.I) is not None


def _value_of(words: str) -> float:
    # "One" counts behind tens only.
    return float(sum(_WORDS.get(word, 1) for word in re.split(r"[-\s]", words)))


def _is_close(one: float, other: float) -> bool:
    return abs(one - other) <= _TOLERANCE * max(1.0, abs(one), abs(other))
