"""A real, very small language model on loopback: whatever it writes, what is shown of it is in order."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.engines import ROOT, OpenEngine
from fakes.faults import faults, misnumbered
from fakes.llama_server import NAME, LlamaServer
from indexes.models.model_registry import KNOWN
from indexes.models.store import ModelStore
from rag.question.validation import make_question
from rag.types import Completed, Delta

PYTHON = ROOT / "var" / "llama" / "bin" / "python"
MODELS = ROOT / "var" / "models"
TOKENS = 48


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaServer]:
    if not PYTHON.exists() or ModelStore(MODELS).missing(KNOWN[NAME]):
        pytest.skip(f"{NAME} and what runs it are not in var/: `make llm` fetches them (126 MB)")
    with LlamaServer(PYTHON, MODELS, tmp_path_factory.mktemp("llama") / "log") as server:
        yield server


@pytest.mark.timeout(600)  # some 1,000 tokens are read, on a machine that may be busy
@pytest.mark.parametrize(
    "question",
    [
        "How long can fathers and other second parents stay off on full pay?",
        "Whom do I ask for the code to the safe with the spare on-call phone?",
        "Who won the 2022 World Cup?",
    ],
)
async def test_what_a_weak_model_writes_is_numbered_quoted_checked_and_bounded(
    llama: LlamaServer, samples_index: Path, opened: OpenEngine, question: str
) -> None:
    model = {"model": llama.name, "base_url": llama.base_url, "max_output_tokens": TOKENS, "stall_timeout_s": 300}
    engine = opened(samples_index, llm=model, retrieval={"limit": 3, "rewriting": "never"})
    events = [event async for event in engine.assistant.stream(make_question(question))]
    streamed = "".join(event.text for event in events if isinstance(event, Delta))
    (answer,) = [event.answer for event in events if isinstance(event, Completed)]
    assert [*faults(answer), *misnumbered(streamed)] == []
    assert streamed
    assert answer.model == NAME
    assert 0 < (answer.usage.output_tokens or 0) <= TOKENS
    assert bool(answer.cut_short) == (answer.usage.output_tokens == TOKENS)
    borne_out = {"supported", "weak"} & {sentence.verdict for sentence in answer.sentences}
    assert bool(borne_out) == (answer.status in ("answered", "partly"))
