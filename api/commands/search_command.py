"""``footnote search``: passages without an answer, and on request why each was found."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands import terminal
from api.commands.options import AsJson, ConfigFile, IndexDir, SearchOptions, load, with_search_options
from api.rendering.printable import printable
from rag.console import print_json

if TYPE_CHECKING:
    from indexes.types import Hit, Query


@with_search_options
def search(
    query: Annotated[str, typer.Argument(help="Words, or a question.")],
    index: IndexDir = None,
    config: ConfigFile = None,
    *,
    limit: Annotated[int, typer.Option(min=1, help="The most passages to show.")] = 8,
    explain: Annotated[bool, typer.Option("--explain", help="Show why each passage was found.")] = False,
    options: SearchOptions,
    as_json: AsJson = False,
) -> None:
    """Find passages, best first, each with its place. No answer is written."""
    from api.schemas.search_results import search_body
    from indexes.search.snippets import snippet
    from indexes.types import Query
    from rag.engine.engine import open_engine
    from rag.question.validation import make_question
    from rag.verification.abstention import NO_DOCUMENTS, matches_nothing

    settings = load(config, index)
    request = options.apply(Query(make_question(query, max_chars=settings.answer.max_question_chars).text))
    with terminal.OpeningProgress() as progress, open_engine(settings, progress) as engine:
        hits = engine.search(request, limit)
        unmatched = matches_nothing(request.scope, hits, engine.catalog.documents_within)
        if not hits:
            terminal.say(NO_DOCUMENTS if unmatched else "Nothing was found.")
    if as_json:
        print_json(search_body(request, hits, unmatched_filters=unmatched).model_dump(mode="json"))
        return
    for number, hit in enumerate(hits, start=1):
        heading = " › ".join(hit.passage.locator.heading)
        place = f"{hit.passage.path}, {hit.passage.locator}" + (f", {heading}" if heading else "")
        terminal.print_lines([printable(f"[{number}] {place} ({hit.score:.4g})")])
        terminal.print_lines([printable(f"    {snippet(request, hit.passage.text)}")])
        terminal.print_lines([*(explain_hit(request, hit) if explain else ()), ""])


def explain_hit(query: "Query", hit: "Hit") -> Iterator[str]:
    """Yield the lines of a table of the hit's signals, then which words of the query it holds where."""
    from indexes.search.snippets import match_words

    if hit.signals:
        rows = [("signal", "rank", "score")]
        rows += [(s.name, "" if s.rank is None else str(s.rank), f"{s.score:.4g}") for s in hit.signals]
        name, rank, score = (max(map(len, column)) for column in zip(*rows, strict=True))
        yield from (f"    {row[0]:{name}}  {row[1]:>{rank}}  {row[2]:>{score}}" for row in rows)
    matches = match_words(query, hit.passage)
    for place, words in (("text", matches.text), ("title", matches.title), ("headings", matches.heading)):
        yield printable(f"    words in its {place}: {', '.join(words) or 'none'}")
