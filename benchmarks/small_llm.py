"""Asks a real, very small language model questions end to end, and holds its answers to what every answer must be.

    PYTHONPATH=.:tests python benchmarks/small_llm.py ../shared/bench [--questions 30] [--threads 1]

``make bench-llm`` fetches what it takes first. Questions are taken evenly out of each set's; answers are kept in
var/bench/small-llm.jsonl, where a run that is stopped goes on; delete it to measure anew. Fails where a marker names no
footnote, or a number is left out.
"""

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from eval.gold.files import read_gold
from eval.gold.sets import build_index
from eval.red_team.attacks import take_evenly
from eval.types import GoldCase
from fakes.faults import faults, markers, misnumbered
from fakes.llama_server import LlamaServer
from indexes.errors import FootnoteError
from rag.engine.engine import open_engine
from rag.protocols import Answerer
from rag.question.validation import make_question
from rag.settings import Settings, load_settings
from rag.types import Completed, Delta

SETS = ("northwind", "lihua")
PYTHON = Path("var/llama/bin/python")
OUTPUT = 128
"""Tokens that it may write: it does not stop by itself, and every other answer is cut by them."""
PASSAGES = 3
"""More than that a model of this size does not keep apart."""
PATIENCE_S = 1800
"""On two busy cores it reads 30 to 60 tokens a second, and a question comes with up to 2,000."""


@dataclass(frozen=True)
class Asked:
    """A question and what came of it; ``faults`` are what no answer may have."""

    id: str
    answerable: bool
    status: str
    text: str
    written: str
    """What was streamed before it was checked."""
    verdicts: tuple[str, ...]
    tokens: tuple[int | None, int | None]
    seconds: float
    check_s: float
    faults: tuple[str, ...]
    cut_short: str = ""
    error: str | None = None


def settings_of(folder: Path, server: LlamaServer) -> Settings:
    index = Path("var/eval") / folder.name
    model = {"model": server.name, "base_url": server.base_url, "max_output_tokens": OUTPUT}
    settings = load_settings(
        index={"dir": index},
        llm={**model, "stall_timeout_s": PATIENCE_S, "deadline_s": PATIENCE_S},
        retrieval={"limit": PASSAGES, "rewriting": "never"},  # the 5 s that rewriting has are not enough for it
    )
    if not index.exists():
        build_index(settings, folder / "docs")
    return settings


async def ask(case: GoldCase, answerer: Answerer) -> Asked:
    began, written, answer = time.perf_counter(), "", None
    try:
        async for event in answerer.stream(make_question(case.question, case.history)):
            match event:
                case Delta(text):
                    written += text
                case Completed(answer):
                    pass
    except FootnoteError as error:
        seconds = time.perf_counter() - began
        return Asked(case.id, case.answerable, "failed", "", written, (), (None, None), seconds, 0, (), "", str(error))
    assert answer
    used, verdicts = answer.usage, tuple(sentence.verdict for sentence in answer.sentences)
    return Asked(
        case.id,
        case.answerable,
        answer.status,
        answer.text,
        written,
        verdicts,
        (used.input_tokens, used.output_tokens),
        time.perf_counter() - began,
        answer.timings["check"],
        (*faults(answer), *misnumbered(written)),
        answer.cut_short,
    )


def ask_set(folder: Path, server: LlamaServer, count: int, kept: Path) -> list[Asked]:
    done = {row.id: row for row in read(kept)}
    asked = []
    with open_engine(settings_of(folder, server)) as engine, kept.open("a", encoding="utf-8") as file:
        for case in take_evenly(read_gold(folder), count):
            one = done.get(case.id) or asyncio.run(ask(case, engine.assistant))
            if case.id not in done:
                print(json.dumps(asdict(one), ensure_ascii=False), file=file, flush=True)
            print(f"{one.seconds:6.1f} s  {one.status:8}  {one.written!r}", file=sys.stderr, flush=True)
            asked.append(one)
    return asked


def read(kept: Path) -> list[Asked]:
    return [Asked(**json.loads(line)) for line in kept.read_text("utf-8").splitlines()] if kept.exists() else []


def report(asked: Sequence[Asked]) -> str:
    done = [one for one in asked if one.error is None]
    verdicts = Counter(verdict for one in done for verdict in one.verdicts)
    into, out = (sum(one.tokens[side] or 0 for one in done) for side in (0, 1))
    seconds = [one.seconds for one in done] or [0.0]
    faulty = sum(bool(one.faults) for one in asked)
    cited = sum(bool(markers(one.written)) for one in done)
    lines = [
        f"{len(asked)} questions: {len(asked) - len(done)} failed, {faulty} with a fault",
        f"wrote markers of sources that are there: {cited}; cut short: {sum(bool(one.cut_short) for one in done)}",
        f"status: {dict(Counter(one.status for one in done))}",
        *(f"declined: {_declined(done, kind)} of the {name}" for name, kind in KINDS),
        f"sentences: {dict(verdicts)}",
        f"tokens: {into} read, {out} written",
        f"seconds an answer: {statistics.median(seconds):.1f} (median), {max(seconds):.1f} (longest); "
        f"of these checking {1000 * statistics.median(one.check_s for one in done):.0f} ms (median)",
    ]
    return "\n".join(
        lines + [f"{one.id}: {one.error or '; '.join(one.faults)}" for one in asked if one.error or one.faults]
    )


KINDS = (("answerable", True), ("unanswerable", False))


def _declined(done: Sequence[Asked], answerable: bool) -> str:
    those = [one for one in done if one.answerable == answerable]
    return f"{sum(one.status == 'declined' for one in those)}/{len(those)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", type=Path)
    parser.add_argument("--questions", type=int, default=30)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    kept = Path("var/bench/small-llm.jsonl")
    kept.parent.mkdir(parents=True, exist_ok=True)
    with LlamaServer(PYTHON, Path("var/models"), kept.with_suffix(".log"), threads=arguments.threads) as server:
        each = -(-arguments.questions // len(SETS))
        asked = [one for name in SETS for one in ask_set(arguments.bench / name, server, each, kept)]
    print(report(asked))
    sys.exit(any(one.error or one.faults for one in asked))


if __name__ == "__main__":
    main()
