"""``@pytest.mark.gold("gold.jsonl")``: a test a gold question, which the engine is asked once in a session.

    @pytest.mark.gold("gold.jsonl", index="var/index", limit=20)
    def test_an_answer_cites_the_right_page(gold_row):
        assert gold_row.scores.get("citation_page_recall", 1.0) == 1.0, gold_row.row.answer

pytest loads this module with every start: what takes time is imported when a test asks for it.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from eval.types import GoldCase, Row
    from rag.engine.engine import Engine

_ABOUT = (
    "gold(file, index=None, config=None, limit=None): a test for each question of a gold file, of the first `limit`; "
    "its `gold_row` has the case, the row that the engine made of it, and the scores. Paths are from the root folder."
)


@dataclass(frozen=True, slots=True)
class GoldRow:
    """A gold question, what the engine made of it, and the measures that apply by name (``eval.metrics.scoring``).

    Where the engine failed, ``row.error`` says why.
    """

    case: "GoldCase"
    row: "Row"
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _Gold:
    """The arguments of the mark."""

    file: str | Path
    index: str | Path | None = None
    config: str | Path | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    case: "GoldCase"
    index: Path | None
    config: Path | None


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", _ABOUT)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    mark = metafunc.definition.get_closest_marker("gold")
    if mark and "gold_row" in metafunc.fixturenames:
        asked = _asked(mark, metafunc.config.rootpath)
        metafunc.parametrize("gold_row", asked, ids=[one.case.id for one in asked], indirect=True)


def _asked(mark: pytest.Mark, root: Path) -> list[_Asked]:
    from eval.gold.files import read_gold
    from indexes.errors import FootnoteError

    try:
        gold = _Gold(*mark.args, **mark.kwargs)
        cases = read_gold(root / gold.file)[: gold.limit]
    except (TypeError, FootnoteError) as error:
        raise pytest.Collector.CollectError(f"@pytest.mark.gold: {error}") from error
    index, config = (root / path if path else None for path in (gold.index, gold.config))
    return [_Asked(case, index, config) for case in cases]


@pytest.fixture
def gold_row(request: pytest.FixtureRequest, _gold_session: "_Session") -> GoldRow:
    """The question of this test: see the mark ``gold``."""
    from indexes.errors import FootnoteError

    if not hasattr(request, "param"):
        pytest.fail('gold_row needs @pytest.mark.gold("gold.jsonl").', pytrace=False)
    try:
        return _gold_session.row(request.param)
    except FootnoteError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def _gold_session() -> Iterator["_Session"]:
    with ExitStack() as engines:
        yield _Session(engines)


class _Session:
    """Opens each engine once, and asks it each question once."""

    def __init__(self, engines: ExitStack) -> None:
        self._engines = engines
        self._opened: dict[tuple[Path | None, Path | None], Engine] = {}
        self._rows: dict[_Asked, GoldRow] = {}

    def row(self, asked: _Asked) -> GoldRow:
        if asked not in self._rows:
            self._rows[asked] = _ask(self._engine(asked.index, asked.config), asked.case)
        return self._rows[asked]

    def _engine(self, index: Path | None, config: Path | None) -> "Engine":
        from rag.engine.engine import open_engine
        from rag.settings import load_settings

        if (index, config) not in self._opened:
            settings = load_settings(config, **({"index": {"dir": index}} if index else {}))
            self._opened[index, config] = self._engines.enter_context(open_engine(settings))
        return self._opened[index, config]


def _ask(engine: "Engine", case: "GoldCase") -> GoldRow:
    """In a thread of its own: the test may have an event loop that runs."""
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    from eval.metrics.scoring import score_case

    with ThreadPoolExecutor(1) as worker:
        row = worker.submit(lambda: asyncio.run(_row(engine, case))).result()
    return GoldRow(case, row, score_case(case, row))


async def _row(engine: "Engine", case: "GoldCase") -> "Row":
    from functools import partial

    from eval.runs.runner import answer_case, with_gold_locations

    return await with_gold_locations(partial(answer_case, answerer=engine.assistant), engine.catalog.document_at)(case)
