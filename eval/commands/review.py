"""``footnote eval review``: decide on drafts one at a time, and add accepted ones to the gold."""

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eval.terminal import say

if TYPE_CHECKING:
    from eval.drafting.review_session import ReviewSession
    from eval.types import GoldCase


def review(
    drafts: Annotated[Path, typer.Argument(help="A file that `footnote eval draft` wrote.")],
    gold: Annotated[Path, typer.Option("--gold", help="The gold file to which accepted questions are added (.jsonl).")],
) -> None:
    """Accept, edit, skip or reject drafts of questions. Decisions are kept, so that a review can be resumed."""
    from eval.drafting.review_session import ReviewSession

    session = ReviewSession(drafts, gold)
    waiting = session.waiting
    try:
        for number, case in enumerate(waiting, 1):
            sys.stdout.write(f"\n{number} of {len(waiting)}\n")
            if not _decide(case, session):
                break
    except (EOFError, KeyboardInterrupt):
        sys.stdout.write("\n")
    counts = session.counts
    kinds = ("accepted", "rejected", "skipped", "new")
    say(", ".join(f"{counts[kind]} {kind}" for kind in kinds) + f"; gold: {gold}")


def _decide(case: "GoldCase", session: "ReviewSession") -> bool:
    """False where the person quits."""
    from eval.drafting.review_session import edit_case

    actions = {"a": session.accept, "s": session.skip, "r": session.reject}
    _show(case)
    while True:
        key = input("a accept, e edit, s skip, r reject, q quit: ").strip().lower()
        if key in actions:
            actions[key](case)
            return True
        if key == "q":
            return False
        if key != "e":
            sys.stdout.write("Type one of the letters a, e, s, r or q, and Enter.\n")
            continue
        question, reply = _prompt("Question", case.question), ""
        while reply not in ("y", "n"):
            reply = _prompt("Do the documents answer it (y/n)", "y" if case.answerable else "n").lower()
        answers = _prompt("Answers, divided by |", " | ".join(case.answers)) if reply == "y" else ""
        case = edit_case(case, question, answers, answerable=reply == "y")
        _show(case)


def _show(case: "GoldCase") -> None:
    answers = " | ".join(case.answers) if case.answerable else "(the documents have no answer)"
    sys.stdout.write(f"Question: {case.question}\nAnswer:   {answers}\n")
    for item in case.evidence:
        page = f", page {item.page}" if item.page else ""
        first, last = item.lines or (0, 0)
        lines = f", line {first}" if first == last else f", lines {first}–{last}"
        sys.stdout.write(f"Place:    {item.path}{page}{lines if item.lines else ''}\n")
        sys.stdout.write(f"Quote:    {' '.join((item.quote or '').split())}\n")
    if "check" in case.tags:
        sys.stdout.write("Check:    the documents alone could not show whether this is right\n")


def _prompt(label: str, value: str) -> str:
    """On a terminal the value can be edited; otherwise an empty line keeps it."""
    if sys.stdin.isatty():
        with suppress(ImportError):  # not every system has readline
            import readline

            readline.set_startup_hook(lambda: readline.insert_text(value))
            try:
                return input(f"{label}: ").strip() or value
            finally:
                readline.set_startup_hook()
    return input(f"{label} [{value}]: ").strip() or value
