"""What no answer may have, whatever model wrote it."""

import re
from collections.abc import Iterator

from rag.types import Answer

_MARKER = re.compile(r"\[(\d+)\]")
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
"""It has brackets of its own."""


def markers(text: str) -> list[int]:
    return [int(number) for number in _MARKER.findall(_CODE.sub("", text))]


def faults(answer: Answer) -> Iterator[str]:
    numbers = [citation.number for citation in answer.citations]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"footnotes are numbered {numbers}"
    if invented := set(markers(answer.text)) - set(numbers):
        yield f"markers {sorted(invented)} name no footnote"
    for citation in answer.citations:
        if any(answer.text[slice(*span)] != f"[{citation.number}]" for span in citation.answer_spans):
            yield f"[{citation.number}] does not stand where it is said to"
        if citation.quote not in citation.passage.text:
            yield f"the quote of [{citation.number}] is not in its passage"


def misnumbered(streamed: str) -> Iterator[str]:
    """What was streamed counts from 1 in order of first use, were it taken back in the end."""
    first = list(dict.fromkeys(markers(streamed)))
    if first != list(range(1, len(first) + 1)):
        yield f"markers come as {first}"
