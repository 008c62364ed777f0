"""An answer on a terminal: its text, its doubtful sentences and its sources."""

from contextlib import aclosing

from api.commands import terminal
from api.rendering.doubts import doubt_of
from api.rendering.printable import printable
from rag.protocols import Answerer
from rag.types import Answer, Completed, Delta, Question, Retrieved
from rag.verification.abstention import UNVERIFIED

_STYLES = {"supported": "yellow", "unsupported": "yellow", "uncited": "yellow", "weak": "dim"}
_CONTRADICTED = "red"


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
    """Print what follows an answer's text: its doubts, sources and advice."""
    _print_doubts(answer)
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


def _print_doubts(answer: Answer) -> None:
    """Print whether the answer is verified, its gaps, and its doubtful sentences."""
    if answer.status == "unverified":
        terminal.print_labelled("yellow", *UNVERIFIED.split(": ", 1))
    if answer.cut_short:
        terminal.print_labelled("yellow", "Cut short", _one_line(f"{answer.cut_short}."))
    if answer.unanswered:
        terminal.print_labelled("yellow", "The documents do not answer", _one_line(answer.unanswered))
    for sentence in answer.sentences:
        if label := doubt_of(sentence):
            finding = f" ({_one_line(sentence.finding)})" if sentence.finding else ""
            style = _CONTRADICTED if sentence.contradicted else _STYLES[sentence.verdict]
            terminal.print_labelled(style, label, f"{_one_line(sentence.text)}{finding}")


def _one_line(text: str) -> str:
    return printable(" ".join(text.split()))
