"""The words of a question and of a text: which carry meaning, and how they are told apart."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from functools import lru_cache

import snowballstemmer


class _Stemmer(threading.local):
    """One stemmer a thread: snowballstemmer keeps the word in the object, so threads must not share it."""

    def __init__(self) -> None:
        self.stem: Callable[[str], str] = snowballstemmer.stemmer("english").stemWord


_STEMMER = _Stemmer()
# "How far does it reach": the measure is asked for, the word itself will not be in the answer.
_HOW_MUCH = re.compile(
    r"\bhow (?:far|large|big|long|fast|often|high|small|low|well|good|expensive|strong|wide|deep|quickly)\b", re.I
)
_TELEGRAPH_WORDS = 6
_BRITISH_IS = re.compile(r"(?<=\w{3})is(e[drs]?|ers|ing|ations?)$")
_BRITISH_OUR = re.compile(r"(?<=\w{3})our(?=s?$|ed$|ing$|al$|ite)")
_WORD = re.compile(r"[^\W_]+")

# English function words, and the words with which questions about papers are put ("which paper shows ...").
# They say what kind of answer is wanted, not what it is about.
FUNCTION_WORDS = frozenset(
    """
    a an the and or but if of in on at to for from by with without about as into onto over under than then so such
    no not nor only own same too very can could may might must shall should will would do does did done doing be is
    are was were been being am have has had having i me my mine we us our ours you your yours he she it its they them
    their theirs this that these those there here who whom whose which what when where why how all any both each few
    more most other some many much one ones vs also just like let s t re ve ll d m don doesn isn aren didn won
    get gets got give gives given tell tells say says said show shows use used uses using make makes made want need
    know please thanks hey hi hello ok okay
    paper papers abstract abstracts author authors work study anything something someone somebody anyone
    """.split()
)


def words(text: str) -> list[str]:
    """Return the words of the text in lower case, in order: letters and digits without anything between."""
    return _WORD.findall(text.lower())


def content_words(text: str) -> list[str]:
    """Return the distinct words of the text that carry meaning, in lower case, in order of first use."""
    text = _HOW_MUCH.sub("how", text)
    return list(dict.fromkeys(word for word in words(text) if word not in FUNCTION_WORDS))


def stems(text: str) -> frozenset[str]:
    """Return the stems (Snowball English) of the content words of the text."""
    return frozenset(stem(word) for word in content_words(text))


def american(word: str) -> str:
    """Return a lower-case word in American spelling where it is in British: "optimiser", "behaviour"."""
    return _BRITISH_IS.sub(r"iz\1", _BRITISH_OUR.sub("or", word))


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Return the stem of a lower-case word: "tuned", "tuning" and "tunes" share one."""
    return str(_STEMMER.stem(word))


def is_english(text: str) -> bool:
    """Return whether the text may be English: in ASCII letters, and with enough function words if it is a long one.

    Meant for questions, where names are foreign to every language and short ones may have no function word at all.
    """
    found = words(text)
    if not all(word.isascii() for word in found):
        return False
    return len(found) <= _TELEGRAPH_WORDS or sum(word in FUNCTION_WORDS for word in found) >= len(found) / 5
