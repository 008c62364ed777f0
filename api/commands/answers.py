"""An answer on a terminal: its text, its doubtful sentences and its sources."""

from contextlib import aclosing

from api.commands import terminal
from api.rendering.printable import printable
from rag.protocols import Answerer
from rag.types import Answer, Completed, Delta, Question, Retrieved

_DOUBTS = {
    "unsupported": ("yellow", "Not supported by its source"),
    "uncited": ("yellow", "No source named"),
    "weak": ("dim", "Weakly supported by its source"),
}
"""The style and label of each verdict, as on the page."""


async def print_answer(answerer: Answerer, question: Question) -> Answer:
    """Print the text as it streams. Return the checked answer."""
    streamed = ""
    with terminal.spinner("Searching…") as spinner:
        async with aclosing(answerer.stream(question)) as events:
            async for event in events:
                match event:
                    case Retrieved(retrieval):
                        spinner.update(f"Found {len(retrieval.hits)} passages, reading…")
                    case Delta(text):
                        spinner.stop()
                        streamed += text
                        terminal.write(text)
                    case Completed(answer):
                        print_correction(streamed, answer)
                        return answer
    raise AssertionError("stream() always completes")


def print_correction(streamed: str, answer: Answer) -> None:
    """End the streamed text; print the checked text below it where the two differ."""
    if not streamed.endswith("\n"):
        terminal.write("\n")
    if streamed.strip() != answer.text.strip():
        reason = (
            "The documents say none of this."
            if answer.status == "declined"
            else "The check changed the answer. It now reads:"
        )
        terminal.write(f"\n({reason})\n{answer.text}\n")


def print_sources(answer: Answer, advice: str | None) -> None:
    """Print what follows an answer's text: its gaps, doubtful sentences, sources and advice."""
    if answer.cut_short:
        terminal.print_labelled("yellow", "Cut short", _one_line(f"{answer.cut_short}."))
    if answer.unanswered:
        terminal.print_labelled("yellow", "The documents do not answer", _one_line(answer.unanswered))
    for sentence in answer.sentences:
        if sentence.verdict in _DOUBTS:
            finding = f" ({_one_line(sentence.finding)})" if sentence.finding else ""
            terminal.print_labelled(*_DOUBTS[sentence.verdict], f"{_one_line(sentence.text)}{finding}")
    if answer.citations or answer.nearest:
        terminal.print_lines([""])
    for citation in answer.citations:
        place = f"{printable(citation.passage.path)}, {citation.locator}"
        terminal.print_lines([f'[{citation.number}] {place}: "{" ".join(citation.quote.split())}"'])
    if answer.nearest:
        terminal.print_lines(["You may want to look at:"])
        terminal.print_lines(f"  {printable(near.path)}, {near.locator}" for near in answer.nearest)
    if advice:
        terminal.print_advice(f"{answer.model}: {advice}")
    if left_out := str(answer.retrieval.left_out):
        terminal.say(left_out)


def _one_line(text: str) -> str:
    return printable(" ".join(text.split()))
