"""``footnote search``: the passages themselves, and on request how they came to be found."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands import terminal
from api.commands.options import NO_DOCUMENTS, AsJson, ConfigFile, IndexDir, SearchOptions, load, with_search_options
from api.rendering.printable import printable
from rag.console import print_json

if TYPE_CHECKING:
    from indexes.types import Hit, Query
    from rag.engine.engine import Engine


@with_search_options
def search(
    query: Annotated[str, typer.Argument(help="What to look for, in words or as a question.")],
    index: IndexDir = None,
    config: ConfigFile = None,
    *,
    limit: Annotated[int, typer.Option(min=1, help="How many passages, at most.")] = 8,
    explain: Annotated[bool, typer.Option("--explain", help="Show for each passage why it was found.")] = False,
    options: SearchOptions,
    as_json: AsJson = False,
) -> None:
    """Find passages, without an answer: best first, each with its place."""
    from indexes.types import Query
    from rag.engine.engine import open_engine
    from rag.question.validation import make_question

    settings = load(config, index)
    asked = options.apply(Query(make_question(query, max_chars=settings.answer.max_question_chars).text))
    with terminal.OpeningProgress() as progress, open_engine(settings, progress) as engine:
        hits = engine.search(asked, limit)
        if as_json:
            from api.schemas.search_results import search_body

            print_json(search_body(asked, hits).model_dump(mode="json"))
        else:
            terminal.print_lines(_shown(asked, hits, explain=explain))
        if not hits:
            terminal.say(_nothing(engine, asked))


def _nothing(engine: "Engine", query: "Query") -> str:
    from indexes.types import ALL

    confined = query.filters != ALL
    return NO_DOCUMENTS if confined and not engine.catalog.documents_within(query.scope) else "Nothing was found."


def _shown(query: "Query", hits: Sequence["Hit"], *, explain: bool) -> Iterator[str]:
    from indexes.search.snippets import snippet

    for number, hit in enumerate(hits, start=1):
        passage = hit.passage
        heading = " › ".join(passage.locator.heading)
        place = f"{passage.path}, {passage.locator}" + (f", {heading}" if heading else "")
        yield printable(f"[{number}] {place} ({hit.score:.4g})")
        yield printable(f"    {snippet(query, passage.text)}")
        if explain:
            yield from _explained(query, hit)
        yield ""


def _explained(query: "Query", hit: "Hit") -> Iterator[str]:
    """A table of what each step made of it, and the query's words that stand in it."""
    from indexes.search.snippets import match_words

    rows = [(s.name, "" if s.rank is None else str(s.rank), f"{s.score:.4g}") for s in hit.signals]
    if rows:
        yield from (f"    {line}" for line in _table([("signal", "rank", "score"), *rows]))
    found = match_words(query, hit.passage)
    for place, words in (("text", found.text), ("title", found.title), ("headings", found.heading)):
        yield printable(f"    words in its {place}: {', '.join(words) or 'none'}")


def _table(rows: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    name, rank, score = (max(map(len, column)) for column in zip(*rows, strict=True))
    return (f"{row[0]:{name}}  {row[1]:>{rank}}  {row[2]:>{score}}" for row in rows)
