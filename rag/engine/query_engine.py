"""The engine as LlamaIndex components, for its routers, sub-question engines and evaluators."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.response.schema import Response
from llama_index.core.prompts.mixin import PromptMixinType
from llama_index.core.schema import NodeRelationship, NodeWithScore, QueryBundle, RelatedNodeInfo, TextNode

from indexes.protocols import Retriever
from indexes.types import ALL, PUBLIC, Audience, Filters, Hit, Locator, Query
from rag.protocols import Answerer
from rag.question.languages import make_language
from rag.question.validation import make_question
from rag.types import Answer
from rag.verification.abstention import with_status


class FootnoteRetriever(BaseRetriever):
    """Returns passages as nodes, with path, title, page and lines as metadata."""

    def __init__(
        self, retriever: Retriever, *, limit: int = 8, audience: Audience = PUBLIC, filters: Filters = ALL
    ) -> None:
        self._retriever = retriever
        self._limit = limit
        self._audience = audience
        self._filters = filters
        super().__init__()

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        query = Query(query_bundle.query_str, audience=self._audience, filters=self._filters)
        return [_node(hit) for hit in self._retriever.retrieve(query, limit=self._limit)]


class FootnoteQueryEngine(BaseQueryEngine):
    """A checked answer as a LlamaIndex response: the text with its markers, and a source node for each footnote.

    Below an unverified answer, a line says that it is: evaluators and routers read the text alone.
    ``response.metadata`` holds ``status``, ``unanswered``, ``model`` and, a marker each, its place and quote.
    """

    def __init__(
        self,
        answerer: Answerer,
        *,
        audience: Audience = PUBLIC,
        filters: Filters = ALL,
        language: str | None = None,
    ) -> None:
        """``language``, a tag or a name, is that of all answers. Raises ``LanguageError``."""
        self._answerer = answerer
        self._language = make_language(language)
        self._audience = audience
        self._filters = filters
        super().__init__(callback_manager=None)

    def _query(self, query_bundle: QueryBundle) -> Response:
        """Works within a running event loop too, and holds it up. LlamaIndex's own ``asyncio_run`` hides failures."""
        with ThreadPoolExecutor(1) as worker:
            return worker.submit(copy_context().run, asyncio.run, self._aquery(query_bundle)).result()

    async def _aquery(self, query_bundle: QueryBundle) -> Response:
        question = replace(
            make_question(query_bundle.query_str),
            audience=self._audience,
            filters=self._filters,
            language=self._language,
        )
        return to_response(await self._answerer.answer(question))

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}


def to_response(answer: Answer) -> Response:
    """Return an answer as LlamaIndex's response, with a source node for each footnote."""
    footnotes = {
        str(c.number): {"path": c.passage.path, "place": str(c.locator), "quote": c.quote} for c in answer.citations
    }
    return Response(
        response=with_status(answer),
        source_nodes=[_node(Hit(c.passage, c.support), c.locator) for c in answer.citations],
        metadata={
            "status": answer.status,
            "unanswered": answer.unanswered,
            "model": answer.model,
            "footnotes": footnotes,
        },
    )


def _node(hit: Hit, place: Locator | None = None) -> NodeWithScore:
    """Return the passage as a node. ``place`` is the quote in it."""
    passage = hit.passage
    locator = place or passage.locator
    node = TextNode(
        id_=passage.id,
        text=passage.text,
        metadata={
            "path": passage.path,
            "title": passage.title,
            "page": locator.page,
            "line_start": locator.line_start,
            "line_end": locator.line_end,
        },
        start_char_idx=passage.locator.char_start,
        end_char_idx=passage.locator.char_end,
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=passage.document_id)},
    )
    return NodeWithScore(node=node, score=hit.score)
