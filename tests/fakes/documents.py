"""Documents made short, and put into a catalog the way a sync does."""

from datetime import date
from hashlib import sha256

from fakes.encoder import WordsEncoder
from indexes.ingest.embedding import encoded_hash, encoder_text
from indexes.ingest.splitting import PassageSplitter
from indexes.storage.catalog import Catalog, FileState, FileVersion
from indexes.types import EVERYONE, Document, Kind, Passage, Section


def document(
    text: str,
    path: str = "a.txt",
    *,
    title: str = "A title",
    kind: Kind = "prose",
    sections: tuple[Section, ...] = (),
    readers: tuple[str, ...] = (EVERYONE,),
    labels: tuple[str, ...] = (),
    media_type: str = "text/plain",
    dated: date | None = None,
) -> Document:
    """One section where none are given."""
    return Document(
        id=f"id of {path}",
        path=path,
        title=title,
        media_type=media_type,
        sha256=sha256(text.encode()).hexdigest(),
        text=text,
        sections=sections or (Section(0, len(text), kind=kind),),
        readers=readers,
        labels=labels,
        dated=dated,
    )


def put(
    catalog: Catalog, doc: Document, encoder: WordsEncoder | None = None, *, modified: str = "2020-01-01"
) -> list[Passage]:
    encoder = encoder or WordsEncoder()
    passages = PassageSplitter(encoder.count_tokens, encoder.max_tokens).split(doc)
    rows = encoder.encode([encoder_text(passage) for passage in passages])
    stored = [(p, encoded_hash(p), row.tobytes()) for p, row in zip(passages, rows, strict=True)]
    catalog.put([FileVersion(FileState(doc.path, doc.sha256, len(doc.text), 1, modified), [(doc, stored)])])
    return passages
