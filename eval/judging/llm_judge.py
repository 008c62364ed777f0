"""A language model judges a run: is each answer right, and do its citations support it?"""

from collections.abc import Callable, Iterable
from contextlib import aclosing
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, model_validator

from eval import prompts
from eval.metrics.judgements import Correctness, Faithfulness, Judgement, cited_passage, judged_hash, judgement_log
from eval.runs.folder import RunFolder
from eval.runs.runner import run_concurrently
from eval.types import GoldCase, Row
from indexes.errors import FootnoteError
from rag.citations.markers import without_markers
from rag.protocols import ChatModel
from rag.types import Turn, Usage

Listener = Callable[[Judgement], None]
AnsweredCase = tuple[GoldCase, Row]
_TRIES = 2
_CONCURRENCY = 4
_LETTERS: tuple[prompts.Letter, ...] = ("A", "B")


class _JudgeReply(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _ComparisonReply(_JudgeReply):
    reason: str
    right: Literal["both", "A", "B"]


class _SentenceReply(_JudgeReply):
    number: int
    reason: str
    verdict: Literal["yes", "partly", "no"]


class _FaithfulnessReply(_JudgeReply):
    """Validated with the number of sentences as context."""

    sentences: tuple[_SentenceReply, ...]

    @model_validator(mode="after")
    def _an_entry_for_each_sentence(self, info: ValidationInfo) -> Self:
        expected: Any = info.context
        if [sentence.number for sentence in self.sentences] != list(range(1, expected + 1)):
            raise ValueError(f"the entries are not numbered from 1 to {expected}")
        return self


_R = TypeVar("_R", bound=_JudgeReply)


class Judge:
    """Judges by a language model. A model that fails gives a judgement with an error, a bad reply an invalid one."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model
        self.name = f"{model.name}, prompts {prompts.VERSION}"

    async def judge(self, case: GoldCase, row: Row) -> Judgement:
        """Return the judgement of one answer."""
        session, judged = _JudgeSession(self._model), judged_hash(case, row)
        try:
            correct, reasons = await session.judge_correctness(case, row)
            faithful, more_reasons = await session.judge_faithfulness(row)
        except FootnoteError as error:
            return Judgement(case.id, self.name, judged, usage=session.usage, error=str(error))
        return Judgement(case.id, self.name, judged, correct, faithful, reasons + more_reasons, session.usage)


def unjudged(folder: RunFolder, judge: Judge) -> list[AnsweredCase]:
    """Return the run's present answers that this judge has not judged, or failed to judge."""
    rows, judgements, waiting = folder.rows(), judgement_log(folder).read(), list[AnsweredCase]()
    for case in folder.cases:
        if row := rows.get(case.id):
            known = judgements.get(case.id)
            if not known or known.error or (known.judge, known.of) != (judge.name, judged_hash(case, row)):
                waiting.append((case, row))
    return waiting


async def judge_all(folder: RunFolder, judge: Judge, waiting: Iterable[AnsweredCase], listener: Listener) -> None:
    """Judge the answers. Each judgement is on disk before the listener is called."""
    log = judgement_log(folder)
    log.drop_torn_line()

    async def judge_and_store(answered: AnsweredCase) -> None:
        judgement = await judge.judge(*answered)
        log.append(judgement)
        listener(judgement)

    await run_concurrently(waiting, judge_and_store, _CONCURRENCY)


class _JudgeSession:
    """The requests to a model about one question; ``usage`` is that of all its replies."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model
        self.usage = Usage()

    async def judge_correctness(self, case: GoldCase, row: Row) -> tuple[Correctness | None, tuple[str, ...]]:
        """Return the verdict and its reasons. The answers swap places: a judge that prefers a place is unstable."""
        if not case.answers:
            return None, ()
        if not row.answers:
            return "unanswered", ()
        answer = without_markers(row.answer)
        winners, reasons = set[str](), list[str]()
        for letter in _LETTERS:
            turn = prompts.comparison_turn(case, answer, reference=letter)
            reply = await self._reply(prompts.CORRECTNESS, turn, _ComparisonReply)
            if reply is None:
                return "invalid", tuple(reasons)
            winners.add("both" if reply.right == "both" else "reference" if reply.right == letter else "other")
            reasons.append(reply.reason)
        if len(winners) > 1:
            return "unstable", tuple(reasons)
        return "correct" if winners == {"both"} else "wrong", tuple(reasons)

    async def judge_faithfulness(self, row: Row) -> tuple[tuple[Faithfulness, ...], tuple[str, ...]]:
        """Return a verdict for each sentence, and the reasons. A sentence without citations needs no judge."""
        claims = [sentence.text for sentence in row.sentences if sentence.citations]
        verdicts: list[Faithfulness] = ["invalid"] * len(claims)
        reasons: tuple[str, ...] = ()
        if claims:
            sources = []
            for cited in row.citations:
                passage = cited_passage(cited, row)
                context = " > ".join((passage.title, *passage.heading)) if passage else ""
                text = passage.text if passage else ""
                sources.append(prompts.JudgeSource(cited.number, context, cited.quote, text))
            turn = prompts.faithfulness_turn(claims, sources)
            if reply := await self._reply(prompts.FAITHFULNESS, turn, _FaithfulnessReply, len(claims)):
                verdicts = [sentence.verdict for sentence in reply.sentences]
                reasons = tuple(sentence.reason for sentence in reply.sentences)
        remaining = iter(verdicts)
        return tuple(next(remaining) if sentence.citations else "uncited" for sentence in row.sentences), reasons

    async def _reply(self, system: str, turn: Turn, shape: type[_R], context: Any = None) -> _R | None:
        """Return the model's reply in this shape; None if it is wrong even after a second try."""
        turns = [turn]
        for _ in range(_TRIES):
            text = ""
            async with aclosing(self._model.stream(system, turns)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, str):
                        text += piece
                    elif isinstance(piece, Usage):
                        input_tokens = _sum(self.usage.input_tokens, piece.input_tokens)
                        self.usage = Usage(input_tokens, _sum(self.usage.output_tokens, piece.output_tokens))
            try:
                return shape.model_validate_json(text, context=context)
            except ValidationError as error:
                faults = [f"{'.'.join(map(str, e['loc'])) or 'the whole'}: {e['msg']}" for e in error.errors()]
                turns = [turn, Turn("assistant", text or "(nothing)"), prompts.retry_turn("; ".join(faults))]
        return None


def _sum(one: int | None, other: int | None) -> int | None:
    return one if other is None else (one or 0) + other
