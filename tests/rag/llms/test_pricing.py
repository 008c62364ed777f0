"""What an answer costs, by the tokens that its servers told."""

import pytest

from fakes.chat import RewritingChat, ScriptedChat
from fakes.passages import FixedRetriever, passage
from rag.answering.assistant import Assistant
from rag.answering.query_rewriting import ModelRewriter
from rag.llms.pricing import PricedChat, Prices
from rag.prompting.llm_writer import LLMWriter
from rag.types import Question, Turn, Usage


@pytest.mark.parametrize(
    ("prices", "usage", "cost"),
    [
        (Prices(2.0, 10.0), Usage(1000, 100), 0.003),
        (Prices(2.0, 10.0, 0.5), Usage(1000, 100, 800), 0.0018),
        (Prices(2.0, 10.0), Usage(1000, 100, 800), 0.003),
        (Prices(2.0, 10.0, 0.5), Usage(1000, 100, 5000), 0.0015),
        (Prices(0.0, 0.0), Usage(1000, 100), 0.0),
        (Prices(2.0, None), Usage(1000, 100), None),
        (Prices(None, 10.0), Usage(1000, 100), None),
        (Prices(2.0, 10.0), Usage(None, 100), None),
        (Prices(2.0, 10.0), Usage(), None),
    ],
)
def test_a_cost_is_told_where_prices_and_tokens_are_known(prices: Prices, usage: Usage, cost: float | None) -> None:
    assert prices.cost(usage) == (None if cost is None else pytest.approx(cost))


async def test_an_answer_tells_what_all_its_calls_cost() -> None:
    rewriting = ScriptedChat("Who makes rare earths?", Usage(100, 10))
    answering = ScriptedChat("China makes 90 % [1].", Usage(1000, 20, 600))
    model = PricedChat(RewritingChat(rewriting, answering), Prices(1.0, 2.0, 0.5))
    assistant = Assistant(FixedRetriever(passage("China makes 90 %.")), LLMWriter(model), rewriter=ModelRewriter(model))
    answer = await assistant.answer(Question("Who makes them?", (Turn("user", "Rare earths?"),)))
    assert answer.usage == Usage(1100, 30, 600, pytest.approx(120e-6 + (400 + 300 + 40) * 1e-6))
    assert answer.model == "scripted"
