"""What a paper is about: problem, idea and result, each in a sentence of its abstract.

Abstracts move from problem through idea to result, and say so in words that change little from field to field
("however", "we propose", "experiments show"). A sentence is scored for each part by these words and by its place.
"""

from __future__ import annotations

import re
from itertools import product

from rag.answers import Claim, Draft
from rag.papers import Sentence, plain_text
from rag.sentence_choice import count_figures

_PROBLEM = re.compile(
    r"\b(?:however|but|yet|although|while|despite|challeng\w*|problem\w*|difficult\w*|costly|expensive|prohibitive\w*|"
    r"limit(?:s|ed|ation|ations|ing)?|lack\w*|suffer\w*|fail\w*|unclear|unknown|under-?explored|remain\w*|hinder\w*|bottleneck|"
    r"struggl\w*|requir\w*|intensive|inefficien\w*|inability|risk\w*|often|issue\w*|degrad\w*|forgetting|scarce|demand\w*)\b",
    re.I,
)
_IDEA = re.compile(
    r"\b(?:we|this (?:paper|work|study|report|article)|our) (?:\w+ ){0,2}?(?:propos\w*|present\w*|introduc\w*|"
    r"develop\w*|study|studies|"
    r"investigat\w*|explor\w*|describ\w*|design\w*|create\w*|build|built|analy[sz]\w*|examin\w*|devis\w*|offer\w*|release\w*|address\w*|"
    r"approach|method|framework|key idea|goal|aim\w*)\b|\b(?:is|are) (?:proposed|introduced|presented)\b|"
    r"\bnovel\b|\bto (?:this end|address this|tackle this)\b",
    re.I,
)
_ADDS = re.compile(
    r"\W*(?:furthermore|additionally|moreover|besides|in addition|also|finally|second(?:ly)?|third(?:ly)?|then)\b", re.I
)
_RESULT = re.compile(
    r"\b(?:experiment\w*|result\w*|show\w*|demonstrat\w*|outperform\w*|achiev\w*|improv\w*|surpass\w*|find(?:s|ings)?|found|evaluat\w*|"
    r"state-of-the-art|sota|reduc\w*|better|gain\w*|reach\w*|superior\w*|competitive|comparable|validat\w*|observ\w*|reveal\w*|conclude\w*)\b",
    re.I,
)
_SUMS_UP = re.compile(r"\b(?:experiment\w*|results?|extensive\w*|empirical\w*|evaluat\w*|benchmarks?)\b", re.I)
_NOTICE = re.compile(r"https?://|\bgithub\b|\bavailable (?:at|on|online)\b|\bpublicly available\b", re.I)
_PLACE = 1.0


def answer_about(sentences: list[Sentence]) -> Draft:
    """Return a draft with the sentences that state a paper's problem, idea and result, in reading order."""
    chosen = parts_of(sentences)
    return Draft("paper", tuple(Claim(plain_text(each.text), (each.id,)) for each in chosen))


def parts_of(sentences: list[Sentence]) -> list[Sentence]:
    """Return the sentences that state problem, idea and result; all of them where there are three or fewer."""
    if len(sentences) <= 3:
        return list(sentences)
    texts = [plain_text(each.text) for each in sentences]
    last = len(texts) - 1
    problem, idea, result = [], [], []
    for index, text in enumerate(texts):
        place = index / last
        notice = -2.0 if _NOTICE.search(text) else 0.0
        is_idea = (_IDEA.search(text) is not None) * (0.5 if _ADDS.match(text) else 1.0)
        problem.append(_PLACE * (1 - place) + 0.5 * min(2, len(_PROBLEM.findall(text))) - 1.5 * is_idea + notice)
        idea.append(_PLACE * (1 - abs(place - 0.4)) + 2.0 * is_idea + notice)
        figures = 0.25 * min(2, count_figures(text))
        summing = 0.5 * (_SUMS_UP.search(text) is not None)
        result.append(_PLACE * place + 0.5 * min(2, len(_RESULT.findall(text))) + figures + summing + notice)
    triples = ((p, i, r) for p, i, r in product(range(last + 1), repeat=3) if p < i < r)
    best = max(triples, key=lambda t: problem[t[0]] + idea[t[1]] + result[t[2]])
    return [sentences[index] for index in best]


def idea_of(sentences: list[Sentence]) -> Sentence:
    """Return the sentence that states a paper's idea."""
    chosen = parts_of(sentences)
    return chosen[1] if len(sentences) > 3 else next((s for s in chosen if _IDEA.search(s.text)), chosen[0])
