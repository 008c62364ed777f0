"""``footnote eval``: a set's questions, asked of the engine."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from eval.types import GoldCase, Prediction
    from indexes.sync import Listener
    from rag.bootstrap import Engine
    from rag.settings import Settings


def evaluate(
    gold_set: Annotated[
        Path, typer.Argument(metavar="SET", help="A folder with docs/ and questions.jsonl, or a gold file.")
    ],
    index: Annotated[
        Path | None, typer.Option("--index", help="An index that is there; a folder's is made in var/eval.")
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", help="A configuration file.")] = None,
    predictions: Annotated[Path | None, typer.Option(help="Where to write a row a question.")] = None,
    *,
    retrieval_only: Annotated[bool, typer.Option("--retrieval-only", help="Search, and do not answer.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N questions.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
) -> None:
    """Measure the engine against a set of gold questions."""
    from eval.gold import read_gold
    from eval.runs import summarise, write_predictions
    from rag.bootstrap import open_engine
    from rag.settings import load_settings

    if predictions:
        write_predictions(predictions, [])  # where it cannot be written, that is said before hours of work
    cases = read_gold(gold_set / "questions.jsonl" if gold_set.is_dir() else gold_set)[:limit]
    own = Path("var/eval") / gold_set.resolve().name if index is None and gold_set.is_dir() else index
    settings = load_settings(config, **({"index": {"dir": own}} if own else {}))
    if index is None and gold_set.is_dir():
        _index(settings, gold_set / "docs")
    with open_engine(settings, _healing()) as engine:
        rows = asyncio.run(_run(engine, cases, retrieval_only=retrieval_only))
    if predictions:
        write_predictions(predictions, rows)
    summary = summarise(cases, rows, answered=not retrieval_only)
    if as_json:
        sys.stdout.write(json.dumps({"set": gold_set.name, "questions": len(cases), **summary}) + "\n")
    else:
        sys.stdout.write(f"{len(cases)} questions\n" + "".join(f"{v:8.3f}  {k}\n" for k, v in summary.items()))


def _index(settings: "Settings", docs: Path) -> None:
    from indexes.planning import scan
    from indexes.sync import Listener
    from rag.bootstrap import open_writer

    with open_writer(settings) as writer, _progress("Indexing", len(scan([docs])[0])) as advance:

        class Advancing(Listener):
            def done(self, path: str, passages: int) -> None:  # noqa: ARG002
                advance()

        report = writer.run([docs], Advancing())
    sys.stderr.write(f"{report.passages} passages indexed in {report.seconds:.1f} s\n")
    if report.healed:
        sys.stderr.write(f"{report.healed}\n")
    sys.stderr.writelines(f"failed {path}: {reason}\n" for path, reason in report.failed.items())


def _healing() -> "Listener":
    from indexes.sync import Listener

    class Telling(Listener):
        def healed(self, sentence: str) -> None:
            sys.stderr.write(f"{sentence}\n")

    return Telling()


async def _run(engine: "Engine", cases: "Sequence[GoldCase]", *, retrieval_only: bool) -> "list[Prediction]":
    from eval.runs import ask, retrieve

    rows = []
    with _progress("Asking", len(cases)) as advance:
        for case in cases:
            if retrieval_only:
                rows.append(retrieve(case, engine, engine.settings.retrieval.limit))
            else:
                rows.append(await ask(case, engine.assistant))
            advance()
    return rows


@contextmanager
def _progress(name: str, total: int) -> Iterator[Callable[[], None]]:
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(name, total=total)
        yield lambda: bar.advance(task)
