"""Replies as real models write them, with the right verdict before each sentence, and what the product makes of them.

``tests/data/replies/README.md`` describes the files.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from fakes.chat import ScriptedChat
from fakes.passages import FixedRetriever
from indexes.errors import FootnoteError
from indexes.text.tokenization import words
from indexes.types import Locator, Passage
from rag.answering.assistant import Assistant
from rag.prompting.llm_writer import LLMWriter
from rag.types import Answer, Question, Sentence, Turn
from rag.verification.checker import Checker

FOLDER = Path(__file__).parents[1] / "data" / "replies"
Right = Literal["true", "calculated", "false", "contradicted", "swapped", "unknown", "none", "dropped"]
TRUE: tuple[Right, ...] = ("true", "calculated")
FALSE: tuple[Right, ...] = ("false", "contradicted", "swapped", "unknown")
_TAG = re.compile(r"\{(true|calculated|false|contradicted|swapped|unknown|none|dropped)\} ?")
_LATER = "_later"
_SIZES = (1, 7, 3, 12, 2, 5)
"""Characters of the pieces in which a reply is streamed."""
_MARKER = re.compile(r"[\[(【][^\[\]()【】]{0,12}\d[^\[\]()【】]{0,12}[\])】]")


@dataclass(frozen=True)
class Part:
    """One or more sentences of a reply with the same right verdict."""

    right: Right
    text: str


@dataclass(frozen=True)
class Case:
    """A question, the passages that the model was given, and its reply in parts."""

    kind: str
    number: int
    question: str
    history: tuple[Turn, ...]
    passages: tuple[Passage, ...]
    reply: str
    parts: tuple[Part, ...]
    status: str
    """The right status of the answer, or the kind of the right error; empty if any that fits the parts will do."""


@dataclass(frozen=True)
class Outcome:
    """What became of a part of a reply."""

    case: Case
    part: Part
    got: str
    """The verdict, or ``declined``, ``missing`` (no claim, by the checker), ``shown`` or ``error``."""
    finding: str
    contradicted: bool
    where: str
    """The quotes of its citations."""

    @property
    def is_miss(self) -> bool:
        """Whether this is not what a reader should be told."""
        match self.part.right:
            case "true" | "calculated":
                return self.got not in ("supported", "weak")
            case "swapped":
                return self.got in ("supported", "weak", "missing")
            case "none":
                return self.got in ("unsupported", "uncited")
            case "dropped":
                return self.got != "missing"
            case _:
                return self.got == "supported"

    def __str__(self) -> str:
        passages = "\n".join(f"  | {line}" for p in self.case.passages for line in f"{p.context}\n{p.text}".split("\n"))
        return (
            f"{self.case.kind} {self.case.number}: {self.case.question}\n{passages}\n  reply: {self.case.reply!r}\n"
            f"  part:  {self.part.text!r}\n  right: {self.part.right}, got: {self.got}; finding: {self.finding!r}"
        )


@dataclass
class Result:
    """The outcomes of some cases, and the cases whose whole answer has another status than is right."""

    outcomes: list[Outcome] = field(default_factory=list)
    other_status: list[tuple[Case, str]] = field(default_factory=list)

    def misses(self, *rights: Right) -> list[Outcome]:
        """Return the misses among the parts with one of these right verdicts."""
        return [o for o in self.outcomes if o.is_miss and o.part.right in rights]

    def share(self, *rights: Right) -> float:
        """Return the share of misses among these parts, 0 to 1."""
        return len(self.misses(*rights)) / max(1, sum(o.part.right in rights for o in self.outcomes))

    @property
    def passed(self) -> list[Outcome]:
        """The false parts that are supported."""
        return [o for o in self.outcomes if o.part.right in FALSE and o.got == "supported"]

    @property
    def passed_share(self) -> float:
        """The share of false parts that are supported, 0 to 1."""
        return len(self.passed) / max(1, sum(o.part.right in FALSE for o in self.outcomes))


def read_cases(folder: Path = FOLDER) -> list[Case]:
    """Read all cases, file by file."""
    return [case for file in sorted(folder.glob("*.toml")) for case in _cases_of(file)]


def _cases_of(file: Path) -> Iterator[Case]:
    content = tomllib.loads(file.read_text())
    passages = {name: _passage(name, **values) for name, values in content["passages"].items()}
    for number, case in enumerate(content["cases"], start=1):
        history = tuple(Turn(role, text) for role, text in case.get("history", ()))
        given = tuple(passages[name] for name in case["passages"])
        reply = case["reply"].strip("\n")
        parts = tuple(_parts(reply))
        clean = _TAG.sub("", reply)
        kind, status = file.stem.removesuffix(_LATER), case.get("status", "")
        yield Case(kind, number, case["question"], history, given, clean, parts, status)


def _passage(name: str, *, path: str, title: str, text: str, under: str = "", head: str = "") -> Passage:
    """Return a passage as the index holds it, ``under`` a heading, with the ``head`` of a table that began before."""
    text = text.strip("\n")
    context = "\n".join(filter(None, (" > ".join(filter(None, (title, under))), head)))
    return Passage(name, path, path, title, context, text, Locator(0, len(text), 1, text.count("\n") + 1))


def _parts(reply: str) -> Iterator[Part]:
    before, *pieces = _TAG.split(reply)
    if any(map(str.isalnum, before)):
        yield Part("none", before.strip())
    for right, text in zip(pieces[::2], pieces[1::2], strict=True):
        yield Part(right, text.strip())


async def run(cases: Iterable[Case], checker: Checker) -> Result:
    """Stream the reply of each case through the whole way of an answer."""
    result = Result()
    for case in cases:
        chat = ScriptedChat(*_pieces(case.reply))
        assistant = Assistant(FixedRetriever(*case.passages), LLMWriter(chat), checker=checker)
        try:
            answer = await assistant.answer(Question(case.question, case.history))
        except FootnoteError as error:
            status, outcomes = error.kind, [_failed(case, part, error) for part in case.parts]
        else:
            status, outcomes = answer.status, list(_outcomes(case, answer))
        result.outcomes += outcomes
        if status not in _right_statuses(case):
            result.other_status.append((case, status))
    return result


def _failed(case: Case, part: Part, error: FootnoteError) -> Outcome:
    return Outcome(case, part, "missing" if part.right == "dropped" else "error", str(error), False, "")


def _right_statuses(case: Case) -> tuple[str, ...]:
    if case.status:
        return (case.status,)
    rights = {part.right for part in case.parts}
    return ("answered", "partly") if rights & {*TRUE} else ("answered", "partly", "unverified")


def _pieces(reply: str) -> Iterator[str]:
    start = turn = 0
    while start < len(reply):
        size = _SIZES[turn % len(_SIZES)]
        yield reply[start : start + size]
        start, turn = start + size, turn + 1


def _outcomes(case: Case, answer: Answer) -> Iterator[Outcome]:
    if answer.status == "declined":
        yield from (Outcome(case, part, "declined", "", False, "") for part in case.parts if part.right != "dropped")
        return
    sentences: list[list[Sentence]] = [[] for _ in case.parts]
    for sentence in answer.sentences:
        sentences[_part_of(sentence, case.parts)].append(sentence)
    for part, checked in zip(case.parts, sentences, strict=True):
        if part.right == "dropped":
            is_shown = _plain(part.text) in _plain(answer.text) or bool(checked)
            yield Outcome(case, part, "shown" if is_shown else "missing", "", False, "")
        else:
            yield _outcome(case, part, checked, answer)


def _outcome(case: Case, part: Part, checked: Sequence[Sentence], answer: Answer) -> Outcome:
    """Return the verdict on a part, which is that of its worst sentence."""
    ranks = ("unsupported", "uncited", "weak", "supported")
    worst = min(checked, key=lambda s: ranks.index(s.verdict), default=None)
    if worst is None:
        return Outcome(case, part, "missing", "", False, "")
    where = " / ".join(c.quote for c in answer.citations if c.number in worst.citations)
    return Outcome(case, part, worst.verdict, worst.finding, getattr(worst, "contradicted", False), where)


def _part_of(sentence: Sentence, parts: Sequence[Part]) -> int:
    """Return which part a sentence comes from: that with most of its words."""
    said = Counter(words(_MARKER.sub(" ", sentence.text)))

    def shared(at: int) -> float:
        there = Counter(words(_MARKER.sub(" ", parts[at].text)))
        return (said & there).total() + (said & there).total() / (1 + there.total())

    return max(range(len(parts)), key=shared)


def _plain(text: str) -> str:
    return " ".join(words(text))


def table(result: Result) -> Iterator[str]:
    """Yield the lines of a table: each kind with its true and false parts, and how many of them are misses."""
    yield "| kind | true | not borne out | false | supported | other parts | misses |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    kinds = dict.fromkeys(outcome.case.kind for outcome in result.outcomes)
    for kind in [*kinds, "all"]:
        some = Result([o for o in result.outcomes if kind in (o.case.kind, "all")])
        counts = [(sum(o.part.right in r for o in some.outcomes), len(some.misses(*r))) for r in (TRUE, FALSE, OTHER)]
        yield f"| {kind} | " + " | ".join(f"{n} | {missed}" for n, missed in counts) + " |"


OTHER: tuple[Right, ...] = ("none", "dropped")
