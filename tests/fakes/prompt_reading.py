"""Reads back the prompts that a language model is sent."""

import re

from rag.prompting.prompts import Source
from rag.types import Turn

_SOURCE = re.compile(
    r'<source number="(\d+)" file="([^"]*)" place="([^"]*)">\n<context>(.*?)</context>\n(.*?)\n</source>', re.DOTALL
)
_QUESTION = re.compile(r"<question>\n(.*)\n</question>\Z", re.DOTALL)
_LETTERS = {"&lt;": "<", "&lsqb;": "["}
_BOUNDS = r"[|｜]|/?(?:s|bos|eos|pad|unk|(?:start|end)_of_turn)>|<SYS>>|</SYS>>"
_BRACKETED = r"/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]"
_ESCAPED = re.compile(
    rf"&(?:amp;)*lt;(?=\s*/?\s*(?:source|context|question)\b|{_BOUNDS})|&(?:amp;)*lsqb;(?={_BRACKETED})", re.IGNORECASE
)


def read_user_turn(turn: Turn) -> tuple[str, list[Source]]:
    """Return the question and sources that ``prompts.user_turn`` wrote.

    Invisible characters are gone, and so are quotation marks in file names.
    """
    question = _QUESTION.search(turn.text)
    if question is None:
        raise ValueError("not a turn that user_turn wrote")
    sources = [
        Source(int(number), *(_unescaped(field) for field in fields))
        for number, *fields in _SOURCE.findall(turn.text[: question.start()])
    ]
    return _unescaped(question[1]), sources


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda m: _LETTERS.get(m[0].lower()) or "&" + m[0][5:], text)
