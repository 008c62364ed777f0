"""A language model judges a run: is an answer right, and does what it cites say so?"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, model_validator

from eval import prompts
from eval.metrics.judgements import Correctness, Faithfulness, Judgement, cited_passage, judged_hash, judgement_log
from eval.runs.folder import RunFolder
from eval.runs.runner import run_concurrently
from eval.types import CitedQuote, GoldCase, Row
from indexes.errors import FootnoteError
from rag.citations.markers import without_markers
from rag.protocols import ChatModel
from rag.types import Turn, Usage

Listener = Callable[[Judgement], None]
Waiting = tuple[GoldCase, Row]
_TRIES = 2
_CONCURRENCY = 4
_LETTERS: tuple[prompts.Letter, ...] = ("A", "B")


class _Reply(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Comparison(_Reply):
    reason: str
    right: Literal["both", "A", "B"]


class _Checked(_Reply):
    number: int
    reason: str
    verdict: Literal["yes", "partly", "no"]


class _Check(_Reply):
    """Validated with the number of sentences as context."""

    sentences: tuple[_Checked, ...]

    @model_validator(mode="after")
    def _an_entry_for_each_sentence(self, info: ValidationInfo) -> Self:
        expected: Any = info.context
        if [sentence.number for sentence in self.sentences] != list(range(1, expected + 1)):
            raise ValueError(f"the entries are not numbered from 1 to {expected}")
        return self


_R = TypeVar("_R", bound=_Reply)


class Judge:
    """Asks a model. One that does not answer gives a judgement with an error, one that answers amiss an invalid one."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model
        self.name = f"{model.name}, prompts {prompts.VERSION}"

    async def judge(self, case: GoldCase, row: Row) -> Judgement:
        asked = _Asked(self._model)
        try:
            correct, reasons = await _correctness(asked, case, row)
            faithful, further = await _faithfulness(asked, row)
        except FootnoteError as error:
            return Judgement(case.id, self.name, judged_hash(case, row), usage=asked.usage, error=str(error))
        return Judgement(case.id, self.name, judged_hash(case, row), correct, faithful, reasons + further, asked.usage)


def unjudged(folder: RunFolder, judge: Judge) -> list[Waiting]:
    """Questions of which this judge has not judged the answer that the run has now. Failures are asked again."""
    rows, known = folder.rows(), judgement_log(folder).read()
    waiting = [(case, rows[case.id]) for case in folder.cases if case.id in rows]
    return [(case, row) for case, row in waiting if not _stands(known.get(case.id), judge, case, row)]


def _stands(known: Judgement | None, judge: Judge, case: GoldCase, row: Row) -> bool:
    return known is not None and not known.error and (known.judge, known.of) == (judge.name, judged_hash(case, row))


async def judge_all(folder: RunFolder, judge: Judge, waiting: Iterable[Waiting], listener: Listener) -> None:
    """Each judgement is on disk before the listener hears of it."""
    judgements = judgement_log(folder)
    judgements.drop_torn_line()

    async def work(one: Waiting) -> None:
        judgement = await judge.judge(*one)
        judgements.append(judgement)
        listener(judgement)

    await run_concurrently(waiting, work, _CONCURRENCY)


class _Asked:
    """What was asked of a model for one question: ``usage`` is that of all its replies."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model
        self.usage = Usage()

    async def reply(self, system: str, turn: Turn, shape: type[_R], context: Any = None) -> _R | None:
        """None where the model, told what is wrong with its reply, does no better."""
        turns = [turn]
        for _ in range(_TRIES):
            text = await self._text(system, turns)
            try:
                return shape.model_validate_json(text, context=context)
            except ValidationError as error:
                turns = [turn, Turn("assistant", text or "(nothing)"), prompts.retry_turn(_wrong(error))]
        return None

    async def _text(self, system: str, turns: Sequence[Turn]) -> str:
        text = ""
        async with aclosing(self._model.stream(system, turns)) as pieces:
            async for piece in pieces:
                if isinstance(piece, str):
                    text += piece
                elif isinstance(piece, Usage):
                    self.usage = Usage(
                        _sum(self.usage.input_tokens, piece.input_tokens),
                        _sum(self.usage.output_tokens, piece.output_tokens),
                    )
        return text


async def _correctness(asked: _Asked, case: GoldCase, row: Row) -> tuple[Correctness | None, tuple[str, ...]]:
    """Asked twice, the answers having changed places: a judge that goes by the place contradicts itself."""
    if not case.answers:
        return None, ()
    if row.status not in ("answered", "partly"):
        return "unanswered", ()
    said = without_markers(row.answer)
    found, reasons = set[str](), list[str]()
    for letter in _LETTERS:
        turn = prompts.comparison_turn(case, said, reference=letter)
        reply = await asked.reply(prompts.CORRECTNESS, turn, _Comparison)
        if reply is None:
            return "invalid", tuple(reasons)
        found.add("both" if reply.right == "both" else "reference" if reply.right == letter else "other")
        reasons.append(reply.reason)
    if len(found) > 1:
        return "unstable", tuple(reasons)
    return "correct" if found == {"both"} else "wrong", tuple(reasons)


async def _faithfulness(asked: _Asked, row: Row) -> tuple[tuple[Faithfulness, ...], tuple[str, ...]]:
    """A verdict for each sentence. What cites nothing needs no judge."""
    claims = [sentence.text for sentence in row.sentences if sentence.citations]
    verdicts: list[Faithfulness] = ["invalid"] * len(claims)
    reasons: tuple[str, ...] = ()
    if claims:
        turn = prompts.faithfulness_turn(claims, [_source(cited, row) for cited in row.citations])
        if reply := await asked.reply(prompts.FAITHFULNESS, turn, _Check, len(claims)):
            verdicts = [sentence.verdict for sentence in reply.sentences]
            reasons = tuple(sentence.reason for sentence in reply.sentences)
    told = iter(verdicts)
    return tuple(next(told) if sentence.citations else "uncited" for sentence in row.sentences), reasons


def _source(cited: CitedQuote, row: Row) -> prompts.JudgeSource:
    passage = cited_passage(cited, row)
    context = " > ".join((passage.title, *passage.heading)) if passage else ""
    return prompts.JudgeSource(cited.number, context, cited.quote, passage.text if passage else "")


def _wrong(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'the whole'}: {e['msg']}" for e in error.errors())


def _sum(one: int | None, other: int | None) -> int | None:
    return one if other is None else (one or 0) + other
