"""The same question, asked a little differently: what a robust assistant does not mind."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from eval.items import Question, id_hash

# Kinds whose answer hangs on question and papers alone.
_VARIED_KINDS = frozenset(
    ("fact", "number", "detail", "paper", "other_words", "list", "count", "compare", "unanswerable", "not_in_library",
     "off_topic")
)  # fmt: skip
# A word whose letters may be swapped: a plain one, so that no name becomes another.
_PLAIN_WORD = re.compile(r"(?<![\w-])[a-z]{5,}(?![\w-])")
_WORDS_A_TYPO = 8
_MOST_VARIED = 60


def varied_part(questions: Sequence[Question]) -> list[Question]:
    """Return the questions that are asked in variants too: at most sixty of those that can be, always the same ones."""
    fit = [each for each in questions if each.kind in _VARIED_KINDS and not each.history]
    return sorted(fit, key=lambda each: id_hash(f"varied {each.id}"))[:_MOST_VARIED]


def variants_of(question: Question) -> dict[str, tuple[str, ...]]:
    """Return the question's other wordings, by variant; variants that would change nothing are left out."""
    found = {
        "casing": (question.question.lower(),),
        "typos": (with_typos(question.question, seed=question.id),),
        "paraphrase": question.paraphrases,
    }
    return {name: texts for name, texts in found.items() if texts and any(text != question.question for text in texts)}


def with_typos(text: str, seed: str) -> str:
    """Return the text with two neighbouring inner letters swapped in one of its plain words, one for every eight words.

    The same text and seed give the same typos.
    """
    chance = random.Random(seed)
    words = [match for match in _PLAIN_WORD.finditer(text) if len(set(match.group()[1:-1])) > 1]
    chosen = chance.sample(words, min(len(words), max(1, len(text.split()) // _WORDS_A_TYPO)))
    for match in sorted(chosen, key=lambda each: -each.start()):
        word = match.group()
        places = [place for place in range(1, len(word) - 2) if word[place] != word[place + 1]]
        if places:
            place = chance.choice(places)
            swapped = f"{word[:place]}{word[place + 1]}{word[place]}{word[place + 2 :]}"
            text = f"{text[: match.start()]}{swapped}{text[match.end() :]}"
    return text
