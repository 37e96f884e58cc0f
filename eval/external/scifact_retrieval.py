"""SciFact as BEIR has it: 300 claims, for which the abstracts that speak of them are to be found among 5,183.

Source: Wadden et al. (2020), arXiv:2004.14974; Thakur et al. (2021), arXiv:2104.08663.
"""

from __future__ import annotations

from collections.abc import Mapping

from eval.external.external_set import Bench, ExternalSet, figure
from eval.gzipped import read_gzipped_lines
from eval.measures.retrieval import ranked
from eval.results import Figure
from eval.scifact import build, read_judgements
from rag.library import Library
from rag.papers import plain_text

_FILES = ("scifact/corpus.jsonl.gz", "scifact/queries.jsonl.gz", "scifact/test.tsv")
_MEASURES = ("nDCG@10", "R@10", "RR@10")
_DEPTH = 10


def _run(bench: Bench) -> Mapping[str, Figure]:
    folder = bench.data / "scifact"
    queries = {each["_id"]: plain_text(each["text"]) for each in read_gzipped_lines(folder / "queries.jsonl.gz")}
    judgements = read_judgements(folder / "test.tsv")
    rankings = {}
    with Library.open(bench.scratch / "scifact", settings=bench.settings, progress=bench.progress) as library:
        build(library, folder)
        for number, query in enumerate(judgements, start=1):
            hits = library.search(queries[query], _DEPTH)
            rankings[query] = [hit.paper.external_id or "" for hit in hits]
            bench.progress.report("searching SciFact", number, len(judgements))
    return {
        name: figure(name, [(ranked(name, rankings[each], sorted(judgements[each])),) for each in judgements])
        for name in _MEASURES
    }


SET = ExternalSet(
    "scifact-retrieval", "SciFact's claims (test): are the abstracts that speak of them found?", _FILES, _run
)
