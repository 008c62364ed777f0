"""An answer with its footnotes as one Markdown text, for clients that show nothing else."""

import re

from api.rendering.doubts import DOUBTS, doubt_of
from api.rendering.links import Links
from api.rendering.printable import printable
from rag.types import Answer
from rag.verification.abstention import RULE, UNVERIFIED

_CUT_SHORT, _UNANSWERED, _SOURCES = "Cut short", "The documents do not answer", "Sources"
_LABELS = "|".join([UNVERIFIED.split(": ")[0], *DOUBTS, _CUT_SHORT, _UNANSWERED])
_FOOTNOTES = re.compile(rf"\n\n---\n(?:\n|(?:{_LABELS}): .*(?:\n|\Z)|{_SOURCES}:\n|- \[\d+\] .*(?:\n|\Z))+\Z")


def with_footnotes(answer: Answer, links: Links) -> str:
    """Return the text, its doubts and its sources. The text comes first and unchanged, so that its spans hold.

    Places are set as code, so that a file's name cannot be a picture or a link.
    """
    parts = [UNVERIFIED] if answer.status == "unverified" else []
    if answer.cut_short:
        parts.append(f"{_CUT_SHORT}: {answer.cut_short}.")
    if answer.unanswered:
        parts.append(f"{_UNANSWERED}: {_line(answer.unanswered)}")
    for sentence in answer.sentences:
        if label := doubt_of(sentence):
            finding = f" ({_line(sentence.finding)})" if sentence.finding else ""
            parts.append(f"{label}: “{_line(sentence.text)}”{finding}")
    if answer.citations:
        sources = []
        for citation in answer.citations:
            place = printable(f"{citation.passage.path}, {citation.locator}")
            longest = max((len(run) for run in re.findall("`+", place)), default=0)
            fence, pad = "`" * (longest + 1), " " if longest else ""
            code = f"{fence}{pad}{place}{pad}{fence}"
            url = links.to(citation.passage.document_id, citation.locator)
            sources.append(f"- [{citation.number}] [{code}]({url})" if url else f"- [{citation.number}] {code}")
        parts.append("\n".join([f"{_SOURCES}:\n", *sources]))
    return answer.text + RULE + "\n\n".join(parts) if parts else answer.text


def without_footnotes(text: str) -> str:
    """Return an answer's own text, from a text that a client sends back in its history."""
    return _FOOTNOTES.sub("", text)


def _line(text: str) -> str:
    return " ".join(text.split())
