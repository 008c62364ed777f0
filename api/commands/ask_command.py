"""``footnote ask``: one question, answered with numbered sources."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from api.commands import terminal
from api.commands.options import AsJson, ConfigFile, IndexDir, SearchOptions, load, with_search_options
from rag.console import print_json


@with_search_options
def ask(
    question: Annotated[str, typer.Argument(help="The question.")],
    index: IndexDir = None,
    config: ConfigFile = None,
    *,
    options: SearchOptions,
    language: Annotated[
        str | None,
        typer.Option("--language", help="Answer in this language, as de, pt-BR or German. Needs a language model."),
    ] = None,
    history: Annotated[
        Path | None, typer.Option(help="A file that holds the conversation. It is read first and updated after.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Leave out the advice about language models.")] = False,
    as_json: AsJson = False,
) -> None:
    """Answer one question, with numbered sources. The exit status is 0 whatever the answer's status is."""
    from api.commands.answers import print_answer, print_sources
    from api.commands.history_file import read_history, write_history
    from api.schemas.answer import answer_to_wire
    from rag.engine.engine import open_engine
    from rag.question.languages import make_language
    from rag.question.validation import make_question

    settings = load(config, index)
    turns = read_history(history) if history else ()
    request = options.apply(make_question(question, turns, settings.answer.max_question_chars))
    request = replace(request, language=make_language(language))
    with terminal.OpeningProgress() as progress, open_engine(settings, progress) as engine:
        if engine.another_model and not quiet:
            terminal.say(engine.another_model)
        if as_json:
            with terminal.spinner("Searching…"):
                answer = asyncio.run(engine.assistant.answer(request))
            print_json(answer_to_wire(answer, engine.advice))
        else:
            answer = asyncio.run(print_answer(engine.assistant, request))
            print_sources(answer, None if quiet else engine.advice)
    if history:
        write_history(history, request, answer)
