"""A library and an assistant as ordinary LlamaIndex objects, for those who build on LlamaIndex."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.response.schema import Response
from llama_index.core.callbacks import CallbackManager
from llama_index.core.prompts.mixin import PromptMixinType
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeRelationship, NodeWithScore, QueryBundle, RelatedNodeInfo, TextNode

from rag import retrieval

if TYPE_CHECKING:
    from rag.answers import Answer
    from rag.assistant import Assistant
    from rag.library import Library
    from rag.papers import Paper, Sentence


def _node(sentence: Sentence, paper: Paper, score: float) -> NodeWithScore:
    """Return a sentence as LlamaIndex has it: the id is the sentence's, the paper is the source document."""
    node = TextNode(
        id_=sentence.id,
        text=sentence.text,
        metadata={"paper_id": paper.id, "title": paper.plain_title, "url": paper.url or "", "number": sentence.number},
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=paper.id)},
    )
    return NodeWithScore(node=node, score=score)


_NAMED_FIRST = 2.0  # lifts the sentences of papers that the question names above all others


class LibraryRetriever(BaseRetriever):
    """citebot's own retrieval as a LlamaIndex retriever: sentences with their papers, best first."""

    def __init__(self, library: Library, limit: int) -> None:
        """Retrieve at most `limit` sentences from the library."""
        self._library = library
        self._limit = limit
        super().__init__(callback_manager=CallbackManager())

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = retrieval.retrieve_text(self._library, query_bundle.query_str)
        # Within a paper probabilities; with the paper's own score they can be ranked across papers.
        nodes = []
        for place, hit in enumerate(found.papers):
            its = found.of(hit.paper)
            score = hit.score + (_NAMED_FIRST if place < found.named else 0.0)
            nodes += [
                _node(each.sentence, each.paper, score + float(share))
                for each, share in zip(its, retrieval.probabilities(its), strict=True)
            ]
        return sorted(nodes, key=lambda node: -node.get_score())[: self._limit]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


class AssistantQueryEngine(BaseQueryEngine):
    """An assistant as a LlamaIndex query engine; `source_nodes` are the cited sentences, `metadata` the answer."""

    def __init__(self, assistant: Assistant) -> None:
        """Answer with the assistant."""
        self._assistant = assistant
        super().__init__(callback_manager=CallbackManager())

    def _query(self, query_bundle: QueryBundle) -> Response:
        return self._response(self._assistant.ask(query_bundle.query_str))

    async def _aquery(self, query_bundle: QueryBundle) -> Response:
        return self._response(await self._assistant.aask(query_bundle.query_str))

    def _response(self, answer: Answer) -> Response:
        library = self._assistant.library
        papers = {paper.id: paper for paper in library.catalogue.papers([c.paper_id for c in answer.citations])}
        sentences = {
            sentence.id: sentence for its in library.catalogue.sentences(list(papers)).values() for sentence in its
        }
        nodes = [
            _node(sentences[sentence_id], papers[citation.paper_id], 1.0)
            for citation in answer.citations
            for sentence_id in citation.sentence_ids
        ]
        return Response(answer.text, source_nodes=nodes, metadata=answer.as_dict())

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}
