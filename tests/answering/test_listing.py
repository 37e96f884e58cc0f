"""Lists and counts."""

from __future__ import annotations

from rag.answering.listing import answer_count, answer_list
from rag.answers import Draft
from rag.library import Library
from rag.questions import understand


def listed(question: str, library: Library) -> Draft:
    return answer_list(understand(question, (), library), library)


def counted(question: str, library: Library) -> Draft:
    return answer_count(understand(question, (), library), library)


def test_a_list_has_a_sentence_of_each_paper(starter: Library) -> None:
    draft = listed("which papers mention federated?", starter)
    having = [paper for paper in starter.papers() if "federated" in f"{paper.title} {paper.abstract}".lower()]
    assert draft.kind == "list"
    papers = [claim.sentence_ids[0].rpartition(".s")[0] for claim in draft.claims]
    assert sorted(papers) == sorted(paper.id for paper in having)
    assert len(having) == 2
    assert draft.lead == "Two papers of 134 fit:"


def test_one_paper_fits(starter: Library) -> None:
    draft = listed("which papers mention Mamba?", starter)
    assert (draft.lead, len(draft.claims)) == ("One paper of 134 fits:", 1)


def test_a_list_of_nothing_is_declined(starter: Library) -> None:
    assert listed("which papers are about cooking?", starter) == Draft("decline", reason="not_in_library")


def test_a_count_tells_how_many_of_how_many(starter: Library) -> None:
    draft = counted("how many papers mention federated?", starter)
    assert (draft.kind, draft.lead, len(draft.claims)) == ("count", "Two papers (2 of 134):", 2)


def test_the_library_itself_is_counted(starter: Library) -> None:
    assert counted("how many papers do you have?", starter).lead == "This library holds 134 papers."


def test_none_is_a_count_too(starter: Library) -> None:
    draft = counted("how many papers are about cooking?", starter)
    assert (draft.kind, draft.claims) == ("count", ())
    assert draft.lead == "None: of the 134 papers in this library, 0 fit “cooking”."
