"""An answerer that plays a script, and the nouns it says, made short."""

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace

from indexes.types import Hit, Locator, Passage, Query
from rag.types import (
    Answer,
    Citation,
    Completed,
    Delta,
    Event,
    Question,
    Retrieval,
    Retrieved,
    Sentence,
    Span,
    Status,
    Usage,
    Verdict,
)

Step = Event | asyncio.Event | Exception


class ScriptedAnswerer:
    """Says the events of its script, waits where it says to wait, raises where it says to raise.

    ``asked`` are the questions it was asked; ``started`` and ``ended`` tell whether its stream runs or is closed.
    """

    def __init__(self, *script: Step) -> None:
        self.script = script
        self.asked: list[Question] = []
        self.started = asyncio.Event()
        self.ended = asyncio.Event()

    async def stream(self, question: Question) -> AsyncGenerator[Event]:
        self.asked.append(question)
        self.started.set()
        try:
            for step in self.script:
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, asyncio.Event):
                    await step.wait()
                else:
                    yield step
        finally:
            self.ended.set()

    async def answer(self, question: Question) -> Answer:
        async for event in self.stream(question):
            if isinstance(event, Completed):
                return event.answer
        raise AssertionError("the script has no answer")


class EndlessAnswerer(ScriptedAnswerer):
    """Writes the same words until it is stopped."""

    async def stream(self, question: Question) -> AsyncGenerator[Event]:
        self.asked.append(question)
        self.started.set()
        try:
            while True:
                yield Delta("and so on, " * 1000)
        finally:
            self.ended.set()


def passage(text: str, path: str = "hr/leave.pdf", *, page: int | None = 4, line: int = 12) -> Passage:
    locator = Locator(0, len(text), line, line + text.count("\n"), heading=("Leave",), page=page)
    title = path.rpartition("/")[2]
    return Passage(f"{path}#0", f"id of {path}", path=path, title=title, context="Leave", text=text, locator=locator)


def citation(number: int, quote: str, spans: tuple[Span, ...] = (), *, path: str = "hr/leave.pdf") -> Citation:
    source = passage(quote, path)
    return Citation(number, source, quote, source.locator, spans, support=0.9)


def answer(
    text: str,
    quotes: Mapping[int, str] | None = None,
    *,
    status: Status = "answered",
    verdicts: tuple[Verdict, ...] = (),
    model: str = "scripted",
    path: str = "hr/leave.pdf",
) -> Answer:
    """An answer to "?": its sentences end at line ends, its citations quote ``quotes`` where their markers stand."""
    spans: dict[int, tuple[Span, ...]] = {}
    for marker in re.finditer(r"\[(\d+)\]", text):
        number = int(marker[1])
        spans[number] = (*spans.get(number, ()), marker.span())
    citations = tuple(citation(n, quote, spans.get(n, ()), path=path) for n, quote in (quotes or {}).items())
    return Answer(
        question=Question("?"),
        text=text,
        status=status,
        citations=citations,
        sentences=_sentences(text, verdicts),
        retrieval=Retrieval(Query("?"), tuple(Hit(c.passage, 0.5) for c in citations)),
        model=model,
        usage=Usage(11, 7),
        timings={"retrieve": 0.25, "total": 1.5},
    )


def unverified_answer() -> Answer:
    """An answer of two sentences of which no source bears out any: one is contradicted, one has no source."""
    said = answer(
        "Leave is 99 days [1].\nAll like it.",
        {1: "Leave is 25 days."},
        status="unverified",
        verdicts=("unsupported", "uncited"),
    )
    first, *rest = said.sentences
    return replace(said, sentences=(replace(first, contradicted=True, finding="the source says 25, not 99"), *rest))


def telling(said: Answer) -> tuple[Event, ...]:
    """The events that tell an answer: what was found, the text in two pieces, the answer."""
    half = len(said.text) // 2
    return Retrieved(said.retrieval), Delta(said.text[:half]), Delta(said.text[half:]), Completed(said)


def _sentences(text: str, verdicts: tuple[Verdict, ...]) -> tuple[Sentence, ...]:
    lines = list(re.finditer(r"[^\n]+", text))
    kinds = (*verdicts, *["supported"] * len(lines))
    return tuple(
        Sentence(line[0], *line.span(), tuple(int(n) for n in re.findall(r"\[(\d+)\]", line[0])), 0.9, kind)
        for line, kind in zip(lines, kinds, strict=False)
    )
