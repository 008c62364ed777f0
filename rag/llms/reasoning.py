"""Takes reasoning out of a reply. Servers without a parser for it leave it in the text."""

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Literal

from rag.errors import ModelEmptyError
from rag.protocols import ChatModel
from rag.types import Discarded, ModelPiece, Turn, Usage

_TAGS = "think(?:ing)?|thoughts?|reason(?:ing)?|analysis|reflection|scratchpad|seed:think"
# Qwen, DeepSeek and others; Magistral; Kimi; Sky; gpt-oss, with its special tokens and without
_OPENING = re.compile(
    rf"(?:<(?:{_TAGS})(?:\s[^<>\n]{{0,80}})?>|\[THINK\]|◁think▷|<\|begin_of_thought\|>"
    r"|(?:<\|start\|>\s?assistant\s?)?<\|channel\|>\s?(?!final)[^<>\n]{1,40}<\|message\|>|(?-i:analysis(?=[A-Z])))",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    rf"</(?:{_TAGS})>|\[/THINK\]|◁/think▷|<\|end_of_thought\|>"
    r"|<\|channel\|>\s?final[^<>\n]{0,20}(?:<\|constrain\|>[^<>\n]{0,20})?<\|message\|>|(?-i:assistantfinal)",
    re.IGNORECASE,
)
_LONGEST = 120
"""Characters of the longest opening or closing."""
_TURN = re.compile(r"(?<!`)(?:(?P<opening><think(?:ing)?>)|</think(?:ing)?>|\[/THINK\]|◁/think▷)(?!`)", re.IGNORECASE)
"""Reasoning that begins after text, or the end of reasoning that the server's template began."""
_ALOUD = re.compile(
    r"(?:okay|alright|hmm+|let me|let['’]s|the user|we need to|i need to|(?:so|now|first),)(?=\W)", re.IGNORECASE
)
"""How reasoning begins. Such a reply is held until its end shows whether it is reasoning."""
_TOKEN = re.compile(r"<[|｜][^|｜<>\n]{1,40}[|｜]>|</?(?:answer|final_answer|response)>|</s>|<end_of_turn>")
"""Special tokens of models, and the tags that some put around an answer."""
_MAYBE_OPENING = re.compile(r"(?:[<◁\[][^>\]▷\n]{0,100}(?:>[^<>\n]{0,40}(?:<[^>\n]{0,40})?){0,3}|a[nalysi]{0,7})?\Z")
_MAYBE_ALOUD = re.compile(r"[^\W\d]{1,7}(?:[’' ][^\W\d]{0,4}(?: [^\W\d]{0,2})?)?\Z")
_MAYBE_TOKEN = re.compile(r"(?:`?[<◁][^<>▷\n]{0,60}[>▷]?|`?\[/?[THINK]{0,5}\]?|`)\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class WholeReply:
    """What a model said, and the tokens of it and of its reasoning."""

    text: str
    usage: Usage


class ReasoningFilter:
    """Takes reasoning out of a streamed reply. ``feed`` and ``finish`` return the text that is settled.

    ``restarted`` tells whether the last call found all text before it to be reasoning.
    """

    def __init__(self) -> None:
        self.restarted = False
        self.state: Literal["start", "reasoning", "aloud", "speaking"] = "start"
        self._held = ""
        self._searched = 0

    def feed(self, piece: str) -> str:
        """Take a piece of the reply."""
        self._held += piece
        return self._read(final=False)

    def finish(self) -> str:
        """Take the end of the reply."""
        return self._read(final=True)

    def _read(self, *, final: bool) -> str:
        self.restarted, settled, state = False, "", ""
        while state != self.state:
            state = self.state
            match state:
                case "start":
                    self._start(final=final)
                case "reasoning":
                    if closing := _CLOSING.search(self._held):
                        self._end_reasoning(closing.end())
                    else:
                        self._held = self._held[-_LONGEST:]
                case "aloud":
                    self._listen(final=final)
                case _:
                    settled = self._speak(settled, final=final)
        return settled

    def _start(self, *, final: bool) -> None:
        self._held = self._held.lstrip()
        if opening := _OPENING.match(self._held):
            self._held, self.state = self._held[opening.end() :], "reasoning"
        elif _ALOUD.match(self._held):
            self.state = "aloud"
        elif final or not (_MAYBE_OPENING.match(self._held) or _MAYBE_ALOUD.match(self._held)):
            self.state = "speaking"

    def _listen(self, *, final: bool) -> None:
        end = next((turn for turn in _TURN.finditer(self._held, self._searched) if not turn["opening"]), None)
        if end and (final or end.end() < len(self._held)):
            self._end_reasoning(end.end())
        elif final:
            self.state = "speaking"
        self._searched = max(0, len(self._held) - _LONGEST)

    def _speak(self, settled: str, *, final: bool) -> str:
        maybe = None if final else _MAYBE_TOKEN.search(self._held, max(0, len(self._held) - _LONGEST))
        end, turn = maybe.start() if maybe else len(self._held), _TURN.search(self._held)
        if turn is None or turn.start() >= end:
            ready, self._held = self._held[:end], self._held[end:]
            return settled + _TOKEN.sub("", ready)
        if turn["opening"]:
            settled += _TOKEN.sub("", self._held[: turn.start()])
            self._held, self.state = self._held[turn.end() :], "reasoning"
            return settled
        self._end_reasoning(turn.end())
        self.restarted = True
        return ""

    def _end_reasoning(self, end: int) -> None:
        self._held, self.state, self._searched = self._held[end:], "start", 0


async def spoken(model: ChatModel, system: str, turns: Sequence[Turn]) -> AsyncGenerator[ModelPiece]:
    """Yield a model's reply without its reasoning. ``Discarded`` comes where the text before it was reasoning.

    Raises ``ModelEmptyError`` if that leaves nothing, and whatever the model raises.
    """
    reasoning, said = ReasoningFilter(), False
    async with aclosing(model.stream(system, turns)) as pieces:
        async for piece in pieces:
            if not isinstance(piece, str):
                yield piece
                continue
            text = reasoning.feed(piece)
            if reasoning.restarted:
                yield Discarded()
                said = False
            if text:
                said = said or any(map(str.isalnum, text))
                yield text
    unfinished, rest = reasoning.state == "reasoning", reasoning.finish()
    if reasoning.restarted:
        yield Discarded()
        said = False
    if rest:
        yield rest
    if not said and not any(map(str.isalnum, rest)):
        raise ModelEmptyError.of(model.name, reasoning=unfinished)


async def whole_reply(model: ChatModel, system: str, turns: Sequence[Turn], most: int | None = None) -> WholeReply:
    """Return a model's reply without its reasoning; no text if it wrote none.

    After ``most`` characters the model is stopped. Raises whatever the model raises.
    """
    text, usage = "", Usage()
    with suppress(ModelEmptyError):
        async with aclosing(spoken(model, system, turns)) as pieces:
            async for piece in pieces:
                match piece:
                    case str():
                        text += piece
                    case Discarded():
                        text = ""
                    case Usage():
                        usage = piece
                if most is not None and len(text) > most:
                    break
    return WholeReply(text, usage)
