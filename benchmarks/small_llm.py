"""Ask a real, very small language model questions end to end, and check its answers for faults.

    PYTHONPATH=.:tests python benchmarks/small_llm.py ../shared/bench [--questions 30] [--threads 1]

``make bench-llm`` fetches the model first. Questions are taken evenly from each set. Answers are kept in
var/bench/small-llm.jsonl, so that a stopped run can be resumed; delete it to measure anew. The exit status is 1 where a
marker has no footnote, or a number is missing.
"""

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

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

_T = TypeVar("_T")
SETS = ("northwind", "lihua")
PYTHON = Path("var/llama/bin/python")
OUTPUT = 128
"""Tokens that it may write. It does not stop by itself, and the limit cuts every other answer."""
PASSAGES = 3
"""A model of this size confuses more than that."""
PATIENCE_S = 1800
"""On two busy cores it reads 30 to 60 tokens a second, and a question comes with up to 2,000."""


@dataclass(frozen=True)
class Reply:
    """The answer to a question, or its error. No answer may have ``faults``."""

    id: str
    answerable: bool
    status: str
    text: str
    written: str
    """The text that was streamed before the check."""
    verdicts: tuple[str, ...]
    tokens: tuple[int | None, int | None]
    seconds: float
    check_s: float
    faults: tuple[str, ...]
    cut_short: str = ""
    error: str | None = None


def make_settings(folder: Path, server: LlamaServer) -> Settings:
    """Return the settings for a set, which is indexed if it is not yet."""
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


async def ask(case: GoldCase, answerer: Answerer) -> Reply:
    """Ask a question."""
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
        return Reply(case.id, case.answerable, "failed", "", written, (), (None, None), seconds, 0, (), "", str(error))
    assert answer
    used, verdicts = answer.usage, tuple(sentence.verdict for sentence in answer.sentences)
    return Reply(
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


def ask_set(folder: Path, server: LlamaServer, count: int, log: Path) -> list[Reply]:
    """Ask questions of a set, as far as the log has no answer yet."""
    done = {reply.id: reply for reply in read_log(log, Reply)}
    replies = []
    with open_engine(make_settings(folder, server)) as engine, log.open("a", encoding="utf-8") as file:
        for case in take_evenly(read_gold(folder), count):
            reply = done.get(case.id) or asyncio.run(ask(case, engine.assistant))
            if case.id not in done:
                print(json.dumps(asdict(reply), ensure_ascii=False), file=file, flush=True)
            print(f"{reply.seconds:6.1f} s  {reply.status:8}  {reply.written!r}", file=sys.stderr, flush=True)
            replies.append(reply)
    return replies


def read_log(log: Path, kind: Callable[..., _T]) -> list[_T]:
    """Return the rows of a file of JSON lines; none where it does not exist."""
    return [kind(**json.loads(line)) for line in log.read_text("utf-8").splitlines()] if log.exists() else []


def report(replies: Sequence[Reply]) -> str:
    """Return the figures of all replies, and a line for each fault or error."""
    done = [reply for reply in replies if reply.error is None]
    verdicts = Counter(verdict for reply in done for verdict in reply.verdicts)
    read, written = (sum(reply.tokens[side] or 0 for reply in done) for side in (0, 1))
    seconds = [reply.seconds for reply in done] or [0.0]
    faulty = [reply for reply in replies if reply.faults]
    cited, cut = sum(bool(markers(reply.written)) for reply in done), sum(bool(reply.cut_short) for reply in done)
    lines = [
        f"{len(replies)} questions: {len(replies) - len(done)} failed, {len(faulty)} with a fault",
        f"with markers of existing sources: {cited}; cut short: {cut}",
        f"status: {dict(Counter(reply.status for reply in done))}",
    ]
    for name, answerable in (("answerable", True), ("unanswerable", False)):
        statuses = [reply.status for reply in done if reply.answerable == answerable]
        lines.append(f"declined: {statuses.count('declined')}/{len(statuses)} of the {name}")
    lines += [
        f"sentences: {dict(verdicts)}",
        f"tokens: {read} read, {written} written",
        f"seconds per answer: {statistics.median(seconds):.1f} (median), {max(seconds):.1f} (longest); "
        f"of these checking {1000 * statistics.median(reply.check_s for reply in done):.0f} ms (median)",
    ]
    problems = [f"{r.id}: {r.error or '; '.join(r.faults)}" for r in replies if r.error or r.faults]
    return "\n".join(lines + problems)


def main() -> None:
    """Run the benchmark by its command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", type=Path)
    parser.add_argument("--questions", type=int, default=30)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    log = Path("var/bench/small-llm.jsonl")
    log.parent.mkdir(parents=True, exist_ok=True)
    with LlamaServer(PYTHON, Path("var/models"), log.with_suffix(".log"), threads=arguments.threads) as server:
        each = -(-arguments.questions // len(SETS))
        replies = [reply for name in SETS for reply in ask_set(arguments.bench / name, server, each, log)]
    print(report(replies))
    sys.exit(any(reply.error or reply.faults for reply in replies))


if __name__ == "__main__":
    main()
