"""``footnote eval draft``: propose gold questions for a person to review."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from eval.commands.run import ConfigFile
from eval.terminal import progress, say


def draft(
    index: Annotated[Path | None, typer.Option("--index", help="The index. The default is var/index.")] = None,
    config: ConfigFile = None,
    out: Annotated[Path, typer.Option(help="The file for the drafts.")] = Path("drafts.jsonl"),
    count: Annotated[int, typer.Option(min=1, help="The largest number of drafts.")] = 20,
    feedback: Annotated[
        Path | None,
        typer.Option("--from", help="Draft from users' feedback on answers (JSON lines) instead of documents."),
    ] = None,
    beside: Annotated[Path | None, typer.Option(help="A gold file whose questions are not proposed again.")] = None,
) -> None:
    """Propose questions from the documents: by a language model if one is configured, else by rule."""
    from eval.drafting.feedback import read_feedback
    from eval.drafting.generator import TO_CHECK, draft_by_rule, without_known
    from eval.drafting.llm_generator import collect_drafts
    from eval.gold.files import GoldError, read_gold, write_gold
    from eval.gold.sets import settings_for
    from rag.engine.engine import open_engine

    if out.exists():
        raise GoldError(f"{out} exists: review it first, or name another --out.")
    known = [case.question for case in read_gold(beside)] if beside else []
    if feedback:
        drafts = without_known(read_feedback(feedback), known)[:count]
    else:
        with open_engine(settings_for(index, config)) as engine:
            drafts = draft_by_rule(engine.catalog, count, known)
            if engine.llm is not None:  # it drafts the answerable ones
                unanswerable = [case for case in drafts if TO_CHECK in case.tags]
                with progress("Drafting", limit := count - len(unanswerable)) as advance:
                    by_model = collect_drafts(engine.llm, engine.catalog, limit, known, advance)
                    drafts, notes = asyncio.run(by_model)
                drafts += unanswerable
                for note in notes:
                    say(note)
    if not drafts:
        raise GoldError("No new question could be drafted: write some by hand, or configure a language model.")
    try:
        out.write_text(write_gold(drafts), encoding="utf-8")
    except OSError as error:
        raise GoldError(f"The drafts cannot be written to {out}: {error.strerror}.") from error
    fewer = f" of {count}, since no more good sentences were found" if len(drafts) < count and not feedback else ""
    say(f"{len(drafts)} drafts{fewer}: `footnote eval review {out} --gold gold.jsonl` shows them one by one")
    if any("cloze" in case.tags or "table" in case.tags for case in drafts):
        say("Questions drafted by rule use the documents' own words, so they are too easy: edit them.")
