"""A run that is slow enough to be killed within: ``python -m fakes.slow_run FOLDER QUESTIONS``."""

import asyncio
import sys
from functools import partial
from pathlib import Path

from eval.runs.folder import RunFolder
from eval.runs.runner import answer_case, run_cases
from fakes.answerer import ScriptedAnswerer, answer
from fakes.runs import case, facts
from rag.types import Answer, Question

_SECONDS = 0.02


class SlowAnswerer(ScriptedAnswerer):
    """What it answers depends on the question alone."""

    async def answer(self, question: Question) -> Answer:
        await asyncio.sleep(_SECONDS)
        return answer(f"{question.text} Yes [1].", {1: question.text})


def main(folder: str, questions: str) -> None:
    cases = [case(f"q-{n}", "yes", question=f"Is it {n}?") for n in range(int(questions))]
    asking = partial(answer_case, answerer=SlowAnswerer())
    asyncio.run(run_cases(RunFolder(Path(folder)), facts(), cases, asking, lambda _: None, concurrency=2))


if __name__ == "__main__":
    main(*sys.argv[1:])
