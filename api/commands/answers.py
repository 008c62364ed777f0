"""An answer on a terminal: what became of the text that was streamed, what is doubtful in it, and its sources."""

from collections.abc import Iterator

from api.commands import terminal
from api.rendering.printable import printable
from rag.types import Answer, Sentence

_DOUBTS = {
    "unsupported": ("yellow", "Not supported by its source"),
    "uncited": ("yellow", "No source named"),
    "weak": ("dim", "Weakly supported by its source"),
}
"""As on the page: how a verdict looks, and what it is called."""


def end_of_text(streamed: str, answer: Answer) -> None:
    """What was streamed stands; where the check took it back, the answer that stands follows it."""
    if not streamed.endswith("\n"):
        terminal.write("\n")
    if streamed.strip() != answer.text.strip():
        why = (
            "None of this is in the documents."
            if answer.status == "declined"
            else "Once it was checked, this stands in its place:"
        )
        terminal.write(f"\n({why})\n{answer.text}\n")


def print_sources(answer: Answer, advice: str | None) -> None:
    """What is to be known of an answer beside its text."""
    if answer.cut_short:
        terminal.print_marked("yellow", "Cut short", _line(f"{answer.cut_short}."))
    if answer.unanswered:
        terminal.print_marked("yellow", "The documents do not answer", _line(answer.unanswered))
    for style, label, said in _doubts(answer.sentences):
        terminal.print_marked(style, label, said)
    if answer.citations or answer.nearest:
        terminal.print_lines([""])
    for citation in answer.citations:
        place = f"{printable(citation.passage.path)}, {citation.locator}"
        terminal.print_lines([f'[{citation.number}] {place}: "{" ".join(citation.quote.split())}"'])
    if answer.nearest:
        terminal.print_lines(["You may want to look at:"])
        terminal.print_lines(f"  {printable(near.path)}, {near.locator}" for near in answer.nearest)
    if advice:
        terminal.advise(f"{answer.model}: {advice}")


def _doubts(sentences: tuple[Sentence, ...]) -> Iterator[tuple[str, str, str]]:
    for sentence in sentences:
        if sentence.verdict in _DOUBTS:
            style, label = _DOUBTS[sentence.verdict]
            finding = f" ({_line(sentence.finding)})" if sentence.finding else ""
            yield style, label, f"{_line(sentence.text)}{finding}"


def _line(text: str) -> str:
    """In one line, with nothing that would steer the terminal."""
    return printable(" ".join(text.split()))
