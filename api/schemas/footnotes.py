"""An answer as one Markdown text, for clients that show nothing else: what is doubtful and its sources follow it."""

import re
from collections.abc import Iterator

from api.rendering.links import Links
from api.rendering.printable import printable
from rag.types import Answer, Citation, Sentence, Verdict

_DOUBTS: dict[Verdict, str] = {
    "unsupported": "Not supported by its source",
    "uncited": "No source named",
    "weak": "Weakly supported by its source",
}
_CUT_SHORT, _LACKING, _SOURCES = "Cut short", "The documents do not answer", "Sources"
_RULE = "\n\n---\n\n"
_LABELS = "|".join([*_DOUBTS.values(), _CUT_SHORT, _LACKING])
_APPARATUS = re.compile(rf"\n\n---\n(?:\n|(?:{_LABELS}): .*(?:\n|\Z)|{_SOURCES}:\n|- \[\d+\] .*(?:\n|\Z))+\Z")


def with_footnotes(answer: Answer, links: Links) -> str:
    """The answer's own text stands first and unchanged, so that spans in it hold."""
    notes = "\n\n".join(_notes(answer))
    sources = "\n".join(_source(citation, links) for citation in answer.citations)
    parts = [notes, f"{_SOURCES}:\n\n{sources}" if sources else ""]
    following = "\n\n".join(part for part in parts if part)
    return answer.text + _RULE + following if following else answer.text


def without_footnotes(text: str) -> str:
    """The answer's own text, of one that a client sends back as what was said before."""
    return _APPARATUS.sub("", text)


def _notes(answer: Answer) -> Iterator[str]:
    if answer.cut_short:
        yield f"{_CUT_SHORT}: {answer.cut_short}."
    if answer.unanswered:
        yield f"{_LACKING}: {_line(answer.unanswered)}"
    for sentence in answer.sentences:
        if label := _DOUBTS.get(sentence.verdict):
            yield f"{label}: {_doubt(sentence)}"


def _doubt(sentence: Sentence) -> str:
    finding = f" ({_line(sentence.finding)})" if sentence.finding else ""
    return f"“{_line(sentence.text)}”{finding}"


def _source(citation: Citation, links: Links) -> str:
    place = _code(f"{citation.passage.path}, {citation.locator}")
    url = links.to(citation.passage.document_id, citation.locator)
    return f"- [{citation.number}] [{place}]({url})" if url else f"- [{citation.number}] {place}"


def _line(text: str) -> str:
    return " ".join(text.split())


def _code(text: str) -> str:
    """As code, so that a file's name cannot be a picture or a link to elsewhere."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence, pad = "`" * (longest + 1), " " if longest else ""
    return f"{fence}{pad}{printable(text)}{pad}{fence}"
