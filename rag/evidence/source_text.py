"""The text that a claim is checked against."""

from collections.abc import Iterable
from dataclasses import dataclass

from indexes.text.sentences import is_table_row
from indexes.types import Passage
from rag.evidence.tables.relations import Table, read_tables

_MARKS = str.maketrans("_-/.", "    ")


@dataclass(frozen=True, slots=True)
class SourceText:
    """The text that a claim is checked against, with the context that a reader has."""

    text: str
    context: str = ""
    """Headings, and a table's header row."""
    name: str = ""
    """The document's title and path, which may prove a name but no figure."""
    around: str = ""
    """The whole passage, which tells names by its capitals. It proves nothing by itself."""
    tables: tuple[Table, ...] = ()
    """The tables of the whole passage, if the text has rows of one."""
    passages: tuple[Passage, ...] = ()
    """The passages that the text is of, where things may be counted."""

    @classmethod
    def of(cls, passage: Passage, text: str | None = None, context: str = "") -> "SourceText":
        """Return a passage as a source, or a part of it with the ``context`` that its reader needs."""
        name = f"{passage.path} {passage.title}".translate(_MARKS)
        text = passage.text if text is None else text
        has_rows = any(map(is_table_row, text.splitlines()))
        tables = read_tables(passage.text, passage.context) if has_rows else ()
        return cls(text, f"{passage.context}\n{context}".strip(), name, passage.text, tables, (passage,))

    @property
    def everything(self) -> str:
        """The text with its context and its document's name."""
        return f"{self.text}\n{self.context}\n{self.name}"

    @classmethod
    def joined(cls, sources: Iterable["SourceText"]) -> "SourceText":
        """Return several sources as one, without repeated parts."""
        all_sources = list(sources)
        text, context, name, around = (
            "\n\n".join(dict.fromkeys(getattr(source, part) for source in all_sources))
            for part in ("text", "context", "name", "around")
        )
        tables = tuple(dict.fromkeys(table for source in all_sources for table in source.tables))
        passages = tuple(dict.fromkeys(passage for source in all_sources for passage in source.passages))
        return cls(text, context, name, around, tables, passages)
