"""What readers like to know and abstracts seldom tell, each with the words of which a text needs one to tell it.

On which GPU was it trained, with what batch size, how many parameters has it: where none of the words stands in a
paper, it is silent. The words are broad on purpose: of 13,500 questions about arXiv abstracts
(`eval/questions/arxiv-sentences.jsonl`) 1,089 ask for such things, and 489 of these are told apart so as not answered,
5 wrongly.
"""

from __future__ import annotations

import re

_HOW_MANY = r"\bhow (?:many|much) (?:[\w\-]+ )?"
_WHAT = r"\b(?:what|which) (?:[\w\-]+ )?"

# Told by the very words with which it is asked.
_SAME_WORDS = (
    r"\blearning rates?\b", r"\bbatch(?:es| sizes?)?\b", r"\bepochs?\b", r"\bweight decay\b", r"\bwarm-?up\b",
    r"\b(?:random )?seeds?\b", r"\blicen[cs]\w*", r"\b(?:fund(?:s|ed|ing)?|sponsor\w*|grants?)\b", r"\bannotators?\b",
    r"\bhyper-?parameters?\b", r"\bdropout\b", r"\b(?:context|sequence) length\b",
    r"\battention heads?\b", r"\bbeam (?:size|width)\b",
)  # fmt: skip

# What is asked, and what may tell it.
_IN_OTHER_WORDS = (
    (
        rf"\b(?:[gt]pus?|graphics cards?)\b|{_WHAT}hardware\b",
        r"\b(?:[gt]pus?|[avhp]\d{2,3}s?|rtx|cpus?|cards?|accelerators?|machines?|nodes?|hardware|supercomput\w*|"
        r"clusters?|device\w*|chips?|edge|mobile|phones?|laptops?|desktops?|memory)\b",
    ),
    (
        rf"{_HOW_MANY}(?:[gt]pus|graphics cards|accelerators)\b",
        r"\b(?:[gt]pus?|[avh]\d{2,3}s?|cards?|accelerators?|machines?|nodes?)\b",
    ),
    (
        rf"{_WHAT}optimi[sz]ers?\b",
        r"optimi[sz]ers?\b|\badam|\bsgd\b|gradient descent|momentum|\b(?:zeroth|first|second|higher)-?order\b|newton|"
        r"\blion\b|evolution",
    ),
    (
        r"\btokeni[sz]ers?\b|\bvocabulary size\b",
        r"\btokens?\b|tokeni[sz]|vocabular|\bbpe\b|sentencepiece|bytes?\b|subword|character",
    ),
    (
        r"\b(?:the|their|its|any|source) code\b(?! models?)|\bcode (?:available|public\w*|released|online|open)\b|"
        r"\bgithub\b",
        r"\bcode\b|\bgithub\b|https?:",
    ),
    (
        rf"{_HOW_MANY}(?:[\w\-]+ )?parameters\b",
        r"\d\s?[mbk]\b|\b(?:million|billion|trillion|thousand)|\d\S* (?:[\w'’\-]+ ){0,6}parameters?\b|"
        r"\bparameters? (?:[\w'’\-]+ ){0,6}\d|\b(?:no|zero|without|half|all|few) (?:[\w'’\-]+ ){0,4}parameters?\b",
    ),
    (rf"{_HOW_MANY}(?:[\w\-]+ )?layers\b", r"layer|depth|deep"),
    (rf"{_HOW_MANY}(?:[\w\-]+ )?(?:steps|iterations|updates)\b", r"\b(?:steps?|iterations?|updates?|epochs?)\b"),
    (
        r"\b(?:what|which|how much|how high|how accurate)\b.{0,30}\baccura\w*",
        r"accura|%|percent|point|score|correct",
    ),
    (r"\bperplexity\b", r"perplexit|\bppl\b"),
    (r"\bthresholds?\b", r"threshold|cut-?off|above|below|limit|at least|more than|less than"),
    (r"\btemperatures?\b", r"temperature|softmax|thermal|weather|heat|warm|cold|°|degrees|climat"),
    (
        r"\blatency\b|\bthroughput\b|\btokens (?:per|a) second\b",
        r"latenc|throughput|speed|second|\d ?ms\b|fast|time|slow|quick|fps",
    ),
    (
        rf"{_HOW_MANY}(?:seconds|minutes|hours|days|weeks|months)\b",
        r"\b(?:milli)?(?:seconds?|minutes?|hours?|days?|weeks?|months?)\b|\d ?(?:ms|s|min|h|hrs?)\b",
    ),
    (rf"{_HOW_MANY}(?:[gm]b|gigabytes|megabytes)\b", r"\d ?[gmt]i?b\b|\b(?:giga|mega|tera)bytes?\b"),
    (rf"{_HOW_MANY}(?:dollars|euros)\b", r"[$€£]|\b(?:dollars?|usd|euros?|cents?)\b"),
    (
        r"\b(?:carbon|co2|emissions?|electricity|watts?|kwh)\b",
        r"carbon|co2|energy|emission|electric|watt|kwh|power|green|environment|flops|footprint",
    ),
)

_SELDOM_TOLD = tuple(
    (re.compile(asked, re.I), re.compile(told, re.I))
    for asked, told in (*((words, words) for words in _SAME_WORDS), *_IN_OTHER_WORDS)
)


def cannot_tell(text: str, asked: str) -> bool:
    """Return whether a question asks for something for which a text has no word, though it would need one to tell."""
    return any(wanted.search(asked) and not told.search(text) for wanted, told in _SELDOM_TOLD)
