"""Papers that a text describes with their own words instead of naming them: "the study of audio spectrograms"."""

from __future__ import annotations

import re

from rag.library import Library
from rag.papers import plain_text
from rag.words import FUNCTION_WORDS, content_words, words

# A description must share this much of its words (weighted by rarity) with the paper, and the paper must lead.
_MIN_COVERAGE = 0.55
_MIN_LEAD = 0.05
_MIN_WORDS = 2
_MIN_WORDS_COVERED = 6
_COVERED_SURELY = 0.6
_CLEAR_LEAD = 0.22
_MAX_TOKENS = 60
_LONGEST_RUN = 6
_LONG_RUN = 3
_MAX_HAVING = 2
_MAX_RARE = 3
_RARE_SHARE = 0.1
_MAX_CANDIDATES = 50
_NEAREST = 3

_KINDS = r"(?:paper|study|work|article|survey|guide|report|one|people|authors|team|method|approach|theory|project)"
_DESCRIPTION = re.compile(
    r"\b(?:the|that|this|a|his|their)\s+(?P<before>(?:(?!(?:the|that|this)\s)[\w'’+\-/]+\s+){1,9}?)"
    rf"{_KINDS}\b(?!\s+of (?:them|these|those))|"
    rf"\b(?:the|that|this)\s+(?:\w+\s+)?{_KINDS}\s+"
    r"(?:(?:on|about|of|for|with|that|which|who|where|analysing|analyzing|saying|showing|using|from)\b)"
    r"(?P<behind>[^,;:?]+)",
    re.I,
)


def papers_by_phrase(
    text: str, library: Library, *, must_fit: bool = True, beside_another: bool = False
) -> dict[str, str]:
    """Return the papers of which words that stand side by side in the text stand so in the title: id -> the words.

    Only where no other title has them so, and hardly another abstract: "moment probing" names its paper, "prompt
    tuning" none; and, if it `must_fit`, only where the text as a whole finds the paper, too. Longer runs come first;
    what lies within a run that was found is not looked at again. `beside_another`: the question is about another paper
    as well, so that it may find this one second or third.
    """
    tokens = words(plain_text(text))[:_MAX_TOKENS]
    found: dict[str, str] = {}
    taken: set[int] = set()
    for length in range(_LONGEST_RUN, 1, -1):
        for start in range(len(tokens) - length + 1):
            run = tokens[start : start + length]
            places = set(range(start, start + length))
            telling = [word for word in run if word not in FUNCTION_WORDS and not word.isdigit()]
            # At its ends a run has words that tell something, unless it is a long one ("to repeat or not to repeat").
            bare = run[0] in FUNCTION_WORDS or run[-1] in FUNCTION_WORDS
            if places & taken or len(telling) < 2 - (length >= _LONG_RUN) or (bare and length < _LONG_RUN):
                continue
            rarest = min(map(library.catalogue.frequency, telling), default=0)
            if length <= _LONG_RUN and rarest > _MAX_RARE:
                continue
            owners = library.catalogue.having_phrase(run, in_title=True)
            if len(owners) == 1 and len(library.catalogue.having_phrase(run)) <= _MAX_HAVING:
                found.setdefault(owners[0], " ".join(run))
                taken |= places
    if not found or not must_fit:
        return found
    # Two words may stand side by side by chance: then the whole question must find the paper, too.
    nearest = library.rank(text, describes=False).paper_ids
    return {
        paper_id: run
        for paper_id, run in found.items()
        if paper_id in nearest[: _NEAREST if beside_another or len(run.split()) > 2 else 1]
    }


def paper_by_terms(text: str, library: Library) -> dict[str, str]:
    """Return the one paper that has all terms that a question in another language has in Latin letters: id -> terms.

    "BEIR" and "BM25" in a sentence in Arabic may be all that can be understood of it; one term alone names a paper if
    no other has it.
    """
    frequency = library.catalogue.frequency
    written = [token for token in re.findall(r"[A-Za-z0-9]+", plain_text(text)) if len(token) > 1]
    # A short word in small letters is one of the question's language ("ist").
    terms = list(dict.fromkeys(token.lower() for token in written if len(token) > 3 or not token.islower()))
    known = [term for term in terms if term not in FUNCTION_WORDS and not term.isdigit() and frequency(term)]
    rare = [term for term in known if frequency(term) <= library.catalogue.count() * _RARE_SHARE]
    if not rare:
        return {}
    having = set(library.catalogue.best_matches(rare, _MAX_CANDIDATES))
    for term in rare:
        having &= library.catalogue.having_word(term, sorted(having))
    return {paper_id: " ".join(rare) for paper_id in having} if len(having) == 1 else {}


def papers_described(text: str, library: Library, known: tuple[str, ...] = ()) -> dict[str, str]:
    """Return the papers that phrases like "the X study" or "the paper about X" describe: id -> the phrase.

    Papers in `known` are named in the text already and are not looked for.
    """
    found: dict[str, str] = {}
    for match in _DESCRIPTION.finditer(text):
        phrase = (match["before"] or match["behind"] or "").strip()
        if match["before"] and phrase.split()[-1].lower() in FUNCTION_WORDS:
            continue  # "the experts of the paper", "the difference between this work and": it points, and says nothing
        paper_id = paper_described(phrase, library, known)
        if not paper_id and match["before"] and match.group().lower().startswith("the "):
            paper_id = _paper_with_rare_word(phrase, library, known)
        if paper_id:
            found.setdefault(paper_id, phrase)
    return found


def _paper_with_rare_word(phrase: str, library: Library, known: tuple[str, ...]) -> str | None:
    """Return the paper that alone has a rare word in its title, if that is all the phrase says: "the Turkish study"."""
    telling = content_words(phrase)
    if len(telling) != 1 or library.catalogue.frequency(telling[0]) > _MAX_RARE:
        return None
    owners = library.catalogue.having_phrase(telling, in_title=True)
    return owners[0] if len(owners) == 1 and owners[0] not in known else None


def paper_covering(text: str, library: Library) -> dict[str, str]:
    """Return the paper (id -> "") that alone has so much of the whole question's words that it must be meant."""
    if len(content_words(text)) < _MIN_WORDS_COVERED:
        return {}
    ranking = library.rank(text, describes=False)
    if len(ranking.paper_ids) < 2 or float(ranking.coverage[0]) < _COVERED_SURELY:
        return {}
    return {ranking.paper_ids[0]: ""} if float(ranking.scores[0] - ranking.scores[1]) >= _CLEAR_LEAD else {}


def paper_described(phrase: str, library: Library, known: tuple[str, ...] = ()) -> str | None:
    """Return the id of the paper that has most of a phrase's words and comes nearest, if one clearly does.

    Those in `known` are passed over: where two papers are compared the phrase describes the other one.
    """
    if len(content_words(phrase)) < _MIN_WORDS:
        return None
    ranking = library.rank(phrase, describes=False)
    places = [place for place, paper_id in enumerate(ranking.paper_ids) if paper_id not in known][:2]
    if not places or float(ranking.coverage[places[0]]) < _MIN_COVERAGE:
        return None
    if len(places) > 1 and float(ranking.scores[places[0]] - ranking.scores[places[1]]) < _MIN_LEAD:
        return None
    return ranking.paper_ids[places[0]]
