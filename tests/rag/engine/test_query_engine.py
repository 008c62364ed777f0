"""The engine inside LlamaIndex's own components, without a language model of LlamaIndex's."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from llama_index.core import Settings as LlamaIndexSettings
from llama_index.core.base.base_selector import BaseSelector, MultiSelection, SelectorResult, SingleSelection
from llama_index.core.base.response.schema import Response
from llama_index.core.callbacks import CallbackManager
from llama_index.core.evaluation import BaseEvaluator, EvaluationResult, RetrieverEvaluator
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine, RouterQueryEngine, SubQuestionQueryEngine
from llama_index.core.question_gen.types import BaseQuestionGenerator, SubQuestion
from llama_index.core.response_synthesizers import ResponseMode, get_response_synthesizer
from llama_index.core.schema import QueryBundle, TextNode
from llama_index.core.tools import QueryEngineTool, ToolMetadata

from fakes.answerer import ScriptedAnswerer
from fakes.chat import ScriptedChat
from fakes.passages import FixedRetriever, passage
from indexes.types import Filters, Hit, Query
from rag.answering.assistant import DECLINED, Assistant
from rag.engine.query_engine import FootnoteQueryEngine, FootnoteRetriever
from rag.errors import QuestionError
from rag.prompting.llm_writer import LLMWriter
from rag.verification.abstention import UNVERIFIED

LEAVE = passage("Staff get 27 days of leave. Unused days lapse in March.", path="leave.pdf", page=2, start=40)
PAGER = passage("The pager changes hands on Tuesday.", path="on-call.txt")
SAID = "Staff get 27 days of leave [1]."


class ByWord(BaseSelector):
    """Takes the first tool whose name stands in the question: no language model is asked."""

    def _select(self, choices: Sequence[ToolMetadata], query: QueryBundle) -> SelectorResult:
        index = next(i for i, choice in enumerate(choices) if str(choice.name) in query.query_str)
        return MultiSelection(selections=[SingleSelection(index=index, reason="its name is in the question")])

    async def _aselect(self, choices: Sequence[ToolMetadata], query: QueryBundle) -> SelectorResult:
        return self._select(choices, query)

    def _update_prompts(self, *_: object) -> None:
        """There are none."""

    def _get_prompts(self) -> dict[str, Any]:
        return {}


class OneEach(BaseQuestionGenerator):
    """Asks every tool the whole question."""

    def generate(self, tools: Sequence[ToolMetadata], query: QueryBundle) -> list[SubQuestion]:
        return [SubQuestion(sub_question=query.query_str, tool_name=str(tool.name)) for tool in tools]

    async def agenerate(self, tools: Sequence[ToolMetadata], query: QueryBundle) -> list[SubQuestion]:
        return self.generate(tools, query)

    def _update_prompts(self, *_: object) -> None:
        """There are none."""

    def _get_prompts(self) -> dict[str, Any]:
        return {}


class Cited(BaseEvaluator):
    """Passes where every footnote's quote stands in a context."""

    async def aevaluate(
        self,
        query: str | None = None,
        response: str | None = None,
        contexts: Sequence[str] | None = None,
        quotes: Sequence[str] = (),
        **_: Any,
    ) -> EvaluationResult:
        passing = bool(quotes) and all(any(quote in context for context in contexts or ()) for quote in quotes)
        return EvaluationResult(query=query, response=response, contexts=contexts, passing=passing)

    def _update_prompts(self, *_: object) -> None:
        """There are none."""

    def _get_prompts(self) -> dict[str, Any]:
        return {}


@pytest.fixture(autouse=True)
def no_llm_of_llama_index() -> Iterator[None]:
    """``Settings.llm`` of LlamaIndex resolves to OpenAI where it is read unset: afterwards it must be unset still."""
    assert LlamaIndexSettings._llm is None
    yield
    assert LlamaIndexSettings._llm is None


def engine_of(said: str = SAID, *passages: Any) -> FootnoteQueryEngine:
    return FootnoteQueryEngine(Assistant(FixedRetriever(*(passages or (LEAVE, PAGER))), LLMWriter(ScriptedChat(said))))


def tool(name: str, engine: FootnoteQueryEngine) -> QueryEngineTool:
    return QueryEngineTool(query_engine=engine, metadata=ToolMetadata(description=f"all about {name}", name=name))


def answered(response: object) -> Response:
    assert isinstance(response, Response)
    return response


async def test_a_response_holds_the_answer_and_a_source_node_for_each_footnote() -> None:
    response = answered(await engine_of().aquery("How much leave is there?"))
    assert str(response) == SAID
    (source,) = response.source_nodes
    assert source.get_content() == LEAVE.text
    assert source.node.metadata == {
        "path": "leave.pdf",
        "title": "leave.pdf",
        "page": 2,
        "line_start": 1,
        "line_end": 1,
    }
    assert source.score == 1.0


async def test_the_metadata_tells_each_footnotes_place_and_quote() -> None:
    response = answered(await engine_of().aquery("How much leave is there?"))
    footnote = {"path": "leave.pdf", "place": "page 2, line 1", "quote": "Staff get 27 days of leave."}
    told = {"status": "answered", "unanswered": "", "model": "scripted"}
    assert response.metadata == told | {"footnotes": {"1": footnote}}


async def test_a_source_node_says_where_its_text_stands_in_which_document() -> None:
    node = answered(await engine_of().aquery("How much leave is there?")).source_nodes[0].node
    assert isinstance(node, TextNode)
    assert (node.start_char_idx, node.end_char_idx) == (40, 40 + len(LEAVE.text))
    assert node.ref_doc_id == LEAVE.document_id


async def test_a_declined_answer_has_no_source_nodes() -> None:
    response = answered(await engine_of("NO_ANSWER").aquery("Who won?"))
    assert (str(response), response.source_nodes) == (DECLINED, [])
    assert (response.metadata or {})["status"] == "declined"


async def test_an_unverified_answer_says_so_in_its_text() -> None:
    response = answered(await engine_of("Staff get 99 days of leave [1].").aquery("How much leave is there?"))
    assert str(response) == f"Staff get 99 days of leave [1].\n\n---\n\n{UNVERIFIED}"
    assert (response.metadata or {})["status"] == "unverified"


async def test_an_empty_question_fails_in_words() -> None:
    with pytest.raises(QuestionError, match="The question is empty"):
        await engine_of().aquery(" ")


def test_it_can_be_asked_without_an_event_loop() -> None:
    assert str(engine_of().query("How much leave is there?")) == SAID


async def test_it_can_be_asked_synchronously_while_an_event_loop_runs() -> None:
    assert str(engine_of().query("How much leave is there?")) == SAID


def test_asked_synchronously_it_fails_in_the_same_words() -> None:
    with pytest.raises(QuestionError, match="The question is empty"):
        engine_of().query(" ")


def test_asked_synchronously_a_fault_of_ours_is_raised_as_it_is() -> None:
    engine = FootnoteQueryEngine(ScriptedAnswerer(RuntimeError("a fault")))
    with pytest.raises(RuntimeError, match="a fault"):
        engine.query("How much leave is there?")


def test_it_can_be_asked_from_a_thread() -> None:
    assert str(asyncio.run(asyncio.to_thread(engine_of().query, "How much leave is there?"))) == SAID


def test_a_router_sends_the_question_to_it() -> None:
    tools = [tool("pager", engine_of("It changes hands on Tuesday [2].")), tool("leave", engine_of())]
    router = RouterQueryEngine(ByWord(), tools, llm=MockLLM())
    response = answered(router.query("How much leave is there?"))
    assert str(response) == SAID
    assert [node.node.metadata["path"] for node in response.source_nodes] == ["leave.pdf"]


async def test_a_router_sends_the_question_to_it_asynchronously() -> None:
    tools = [tool("pager", engine_of("It changes hands on Tuesday [2].")), tool("leave", engine_of())]
    response = answered(await RouterQueryEngine(ByWord(), tools, llm=MockLLM()).aquery("When does the pager go?"))
    assert [node.node.metadata["path"] for node in response.source_nodes] == ["on-call.txt"]


@pytest.mark.parametrize("use_async", [False, True])
def test_a_sub_question_engine_gathers_its_answers_and_sources(use_async: bool) -> None:
    tools = [tool("pager", engine_of("The pager changes hands on Tuesday [2].")), tool("leave", engine_of())]
    synthesizer = get_response_synthesizer(llm=MockLLM(), response_mode=ResponseMode.COMPACT)
    engine = SubQuestionQueryEngine(
        OneEach(), synthesizer, tools, callback_manager=CallbackManager(), verbose=False, use_async=use_async
    )
    response = answered(engine.query("How much leave is there, and when does the pager go?"))
    assert SAID in str(response)  # the mock repeats its prompt, in which the answers to the sub-questions stand
    paths = [node.node.metadata.get("path") for node in response.source_nodes]
    assert [path for path in paths if path] == ["on-call.txt", "leave.pdf"]


def test_a_retriever_query_engine_retrieves_with_it() -> None:
    synthesizer = get_response_synthesizer(llm=MockLLM(), response_mode=ResponseMode.COMPACT)
    response = answered(RetrieverQueryEngine(FootnoteRetriever(FixedRetriever(LEAVE, PAGER)), synthesizer).query("?"))
    assert [node.node_id for node in response.source_nodes] == [LEAVE.id, PAGER.id]
    assert LEAVE.text in str(response)
    assert "page: 2" in str(response)


async def test_a_retriever_gives_as_many_nodes_as_it_is_told_to_with_their_scores() -> None:
    retriever = FootnoteRetriever(FixedRetriever(LEAVE, PAGER), limit=1)
    (node,) = await retriever.aretrieve("leave")
    assert (node.node_id, node.score, node.get_content()) == (LEAVE.id, 1.0, LEAVE.text)
    assert retriever.retrieve("leave") == [node]


async def test_llama_indexs_retriever_evaluator_scores_the_retriever() -> None:
    evaluator = RetrieverEvaluator.from_metric_names(
        ["hit_rate", "mrr"], retriever=FootnoteRetriever(FixedRetriever(PAGER, LEAVE))
    )
    result = await evaluator.aevaluate("How much leave is there?", expected_ids=[LEAVE.id])
    assert result.metric_vals_dict == {"hit_rate": 1.0, "mrr": 0.5}


def test_an_evaluator_takes_a_response_with_its_contexts() -> None:
    response = answered(engine_of().query("How much leave is there?"))
    footnotes: dict[str, dict[str, str]] = (response.metadata or {})["footnotes"]
    quotes = [footnote["quote"] for footnote in footnotes.values()]
    result = Cited().evaluate_response(query="How much leave is there?", response=response, quotes=quotes)
    assert result.passing
    assert result.contexts == [LEAVE.text]
    assert result.response == SAID


def test_both_components_ask_within_their_filters() -> None:
    filters, asked = Filters(labels=("pay",)), list[Filters]()

    class Listening(FixedRetriever):
        def retrieve(self, query: Query, *, limit: int) -> list[Hit]:
            asked.append(query.filters)
            return super().retrieve(query, limit=limit)

    FootnoteRetriever(Listening(LEAVE), filters=filters).retrieve("leave")
    FootnoteQueryEngine(Assistant(Listening(LEAVE), LLMWriter(ScriptedChat(SAID))), filters=filters).query("leave")
    assert asked == [filters, filters]
