"""Library and assistant as ordinary LlamaIndex objects."""

from __future__ import annotations

import asyncio

from llama_index.core import VectorStoreIndex
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.schema import NodeWithScore

from rag.assistant import Assistant
from rag.library import Library

QUESTION = "How far does LongLoRA stretch the context?"


def assert_verbatim(nodes: list[NodeWithScore], library: Library) -> None:
    """Assert that the nodes are sentences of the library, and say of which papers."""
    assert nodes
    for node in nodes:
        paper = library.get(node.metadata["paper_id"])
        sentences = {sentence.id: sentence.text for sentence in library.sentences(paper)}
        assert node.get_content() == sentences[node.node_id]
        assert node.get_content() in paper.abstract
        assert node.metadata["title"] == paper.plain_title
        assert node.node.ref_doc_id == paper.id


def test_the_retriever_gives_verbatim_sentences(starter: Library) -> None:
    nodes = starter.as_retriever(limit=5).retrieve(QUESTION)
    assert len(nodes) == 5
    assert_verbatim(nodes, starter)
    assert nodes[0].metadata["title"].startswith("LongLoRA")
    again = asyncio.run(starter.as_retriever(limit=5).aretrieve(QUESTION))
    assert [node.node_id for node in again] == [node.node_id for node in nodes]


def test_the_query_engine_gives_the_answer_with_its_sentences(starter: Library) -> None:
    assistant = Assistant(starter)
    answer = assistant.ask(QUESTION)
    response = assistant.as_query_engine().query(QUESTION)
    assert str(response) == answer.text
    assert response.metadata
    assert response.metadata["status"] == "answered"
    assert [node.node_id for node in response.source_nodes] == [
        sentence_id for citation in answer.citations for sentence_id in citation.sentence_ids
    ]
    assert_verbatim(response.source_nodes, starter)
    awaited = asyncio.run(assistant.as_query_engine().aquery(QUESTION))
    assert str(awaited) == answer.text


def test_a_declined_question_has_no_source_nodes(starter: Library) -> None:
    response = Assistant(starter).as_query_engine().query("Which wine goes with a roast goose at Christmas?")
    assert response.source_nodes == []
    assert response.metadata
    assert response.metadata["status"] == "declined"


def test_any_llamaindex_program_can_read_the_vector_store(starter: Library) -> None:
    index = VectorStoreIndex.from_vector_store(starter.vector_store(), embed_model=MockEmbedding(384))
    nodes = index.as_retriever(similarity_top_k=4).retrieve("anything")
    assert len(nodes) == 4
    for node in nodes:
        paper = starter.get(node.metadata["paper_id"])
        assert node.get_content() in paper.abstract
        assert node.node.ref_doc_id == paper.id
