"""``@pytest.mark.gold("gold.jsonl")``: a test per gold question. The engine is asked each question once a session.

    @pytest.mark.gold("gold.jsonl", index="var/index", limit=20)
    def test_an_answer_cites_the_right_page(gold_row):
        assert gold_row.scores.get("citation_page_recall", 1.0) == 1.0, gold_row.row.answer

pytest loads this module at every start, so slow imports wait until a test needs them.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from eval.types import GoldCase, Row
    from rag.engine.engine import Engine

_ABOUT = (
    "gold(file, index=None, config=None, limit=None): a test for each of the first `limit` questions of a gold file; "
    "its `gold_row` has the case, the row with the engine's answer, and the scores. Paths are from the root folder."
)


@dataclass(frozen=True, slots=True)
class GoldRow:
    """A gold question, the engine's answer, and its measures by name (``eval.metrics.registry``).

    Where the engine failed, ``row.error`` says why.
    """

    case: "GoldCase"
    row: "Row"
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _MarkArguments:
    file: str | Path
    index: str | Path | None = None
    config: str | Path | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class _Parameter:
    """A question and the engine to ask."""

    case: "GoldCase"
    index: Path | None
    config: Path | None


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark."""
    config.addinivalue_line("markers", _ABOUT)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each question, for tests that have the mark and take ``gold_row``."""
    mark = metafunc.definition.get_closest_marker("gold")
    if not mark or "gold_row" not in metafunc.fixturenames:
        return
    from eval.gold.files import read_gold
    from indexes.errors import FootnoteError

    root = metafunc.config.rootpath
    try:
        gold = _MarkArguments(*mark.args, **mark.kwargs)
        cases = read_gold(root / gold.file)[: gold.limit]
    except (TypeError, FootnoteError) as error:
        raise pytest.Collector.CollectError(f"@pytest.mark.gold: {error}") from error
    index, config = (root / path if path else None for path in (gold.index, gold.config))
    parameters = [_Parameter(case, index, config) for case in cases]
    metafunc.parametrize("gold_row", parameters, ids=[case.id for case in cases], indirect=True)


@pytest.fixture
def gold_row(request: pytest.FixtureRequest, _gold_session: "_GoldSession") -> GoldRow:
    """The question of this test: see the mark ``gold``."""
    from indexes.errors import FootnoteError

    if not hasattr(request, "param"):
        pytest.fail('gold_row needs @pytest.mark.gold("gold.jsonl").', pytrace=False)
    try:
        return _gold_session.row(request.param)
    except FootnoteError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def _gold_session() -> Iterator["_GoldSession"]:
    with ExitStack() as stack:
        yield _GoldSession(stack)


class _GoldSession:
    """Opens each engine once, and asks it each question once."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._engines: dict[tuple[Path | None, Path | None], Engine] = {}
        self._rows: dict[_Parameter, GoldRow] = {}

    def row(self, parameter: _Parameter) -> GoldRow:
        """Return the answer to a question. Raises ``FootnoteError`` where the index cannot be opened."""
        import asyncio
        from concurrent.futures import ThreadPoolExecutor

        from eval.metrics.scoring import score_case
        from eval.runs.runner import answer_case, with_gold_locations
        from rag.engine.engine import open_engine
        from rag.settings import load_settings

        case, index, config = parameter.case, parameter.index, parameter.config
        if parameter not in self._rows:
            if (index, config) not in self._engines:
                settings = load_settings(config, **({"index": {"dir": index}} if index else {}))
                self._engines[index, config] = self._stack.enter_context(open_engine(settings))
            engine = self._engines[index, config]
            ask = with_gold_locations(partial(answer_case, answerer=engine.assistant), engine.catalog.document_at)
            with ThreadPoolExecutor(1) as worker:  # since the test itself may run an event loop
                row = worker.submit(lambda: asyncio.run(ask(case))).result()
            self._rows[parameter] = GoldRow(case, row, score_case(case, row))
        return self._rows[parameter]
