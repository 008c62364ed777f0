"""``footnote eval review``: drafts become gold, one at a time, by a person's decision."""

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eval.terminal import say

if TYPE_CHECKING:
    from eval.drafting.review_session import ReviewSession
    from eval.types import GoldCase, GoldEvidence


def review(
    drafts: Annotated[Path, typer.Argument(help="What `footnote eval draft` wrote.")],
    gold: Annotated[Path, typer.Option("--gold", help="Where accepted questions are added (.jsonl).")],
) -> None:
    """Accept, edit, skip or reject drafts of questions; what was decided is kept, and going on goes on."""
    from eval.drafting.review_session import ReviewSession

    going = ReviewSession(drafts, gold)
    waiting = going.waiting
    try:
        for number, case in enumerate(waiting, 1):
            sys.stdout.write(f"\n{number} of {len(waiting)}\n")
            if not _decided(case, going):
                break
    except (EOFError, KeyboardInterrupt):
        sys.stdout.write("\n")
    counts = going.counts
    say(", ".join(f"{counts[what]} {what}" for what in ("accepted", "rejected", "skipped", "new")) + f"; gold: {gold}")


def _decided(case: "GoldCase", going: "ReviewSession") -> bool:
    """False where the person quits."""
    decide = {"a": going.accept, "s": going.skip, "r": going.reject}
    _show(case)
    while True:
        key = input("a accept, e edit, s skip, r reject, q quit: ").strip().lower()
        if key not in (*decide, "q", "e"):
            sys.stdout.write("Type one of the letters a, e, s, r or q, and Enter.\n")
        if key in decide:
            decide[key](case)
            return True
        if key == "q":
            return False
        if key == "e":
            case = _edited(case)
            _show(case)


def _show(case: "GoldCase") -> None:
    answers = " | ".join(case.answers) if case.answerable else "(the documents have no answer)"
    lines = [f"Question: {case.question}", f"Answer:   {answers}"]
    for item in case.evidence:
        lines += [f"Place:    {_place(item)}", f"Quote:    {' '.join((item.quote or '').split())}"]
    if "check" in case.tags:
        lines.append("Check:    whether this is right could not be told from the documents alone")
    sys.stdout.write("\n".join(lines) + "\n")


def _place(item: "GoldEvidence") -> str:
    page = f", page {item.page}" if item.page else ""
    first, last = item.lines or (0, 0)
    lines = f", line {first}" if first == last else f", lines {first}–{last}"
    return f"{item.path}{page}{lines if item.lines else ''}"


def _edited(case: "GoldCase") -> "GoldCase":
    from eval.drafting.review_session import edit_case

    question = _asked("Question", case.question)
    told = ""
    while told not in ("y", "n"):
        told = _asked("Do the documents answer it (y/n)", "y" if case.answerable else "n").lower()
    answerable = told == "y"
    answers = _asked("Answers, divided by |", " | ".join(case.answers)) if answerable else ""
    return edit_case(case, question, answers, answerable=answerable)


def _asked(what: str, now: str) -> str:
    """A terminal gives what it is now to be changed; without one, an empty line leaves it."""
    if sys.stdin.isatty():
        with suppress(ImportError):  # not every system has it: there an empty line leaves it too
            import readline

            readline.set_startup_hook(lambda: readline.insert_text(now))
            try:
                return input(f"{what}: ").strip() or now
            finally:
                readline.set_startup_hook()
    return input(f"{what} [{now}]: ").strip() or now
