"""Files become documents: what a file says itself, and what it holds."""

import hashlib
from pathlib import Path, PurePosixPath

from indexes.ingest.rule_application import Rules, ruled
from indexes.readers.registry import SUFFIXES, media_type
from indexes.readers.sandbox import Sandbox
from indexes.storage.catalog import Catalog, FileState
from indexes.types import Document, Extraction


class DocumentReader:
    """Makes the documents of files. What it says of those that were read in part only goes to ``notes``, by path."""

    def __init__(self, sandbox: Sandbox, rules: Rules, answering: Catalog, notes: dict[str, str]) -> None:
        self._sandbox = sandbox
        self._rules = rules
        self._answering = answering
        self._notes = notes

    def read(self, file: FileState, source: Path) -> list[Document]:
        """The file's own document first; raises ``ReadError`` or ``OSError`` where the file cannot be read at all."""
        extraction = self._sandbox.read(source)
        found = {file.path: extraction} | {f"{file.path}/{part.path}": part.found for part in extraction.parts}
        documents = [self._document(path, file, content) for path, content in found.items()]
        return [self.admit(document, file.path) for document in documents if document]

    def admit(self, document: Document, file: str) -> Document:
        """By the rules as they are now."""
        return ruled(document, file, self._rules)

    def _document(self, path: str, file: FileState, found: Extraction | str) -> Document | None:
        if isinstance(found, str):
            self._notes[path] = found
            kept = (document for document in self._answering.documents_in(file.path) if document.path == path)
            return next(kept, None)  # what was read of it before goes on answering
        if found.notes:
            self._notes[path] = "; ".join(found.notes)
        if not found.text or PurePosixPath(path).suffix.lower() not in SUFFIXES:
            return None
        return Document(
            id=document_id(path),
            path=path,
            title=found.title,
            media_type=media_type(path),
            sha256=file.sha256,
            text=found.text,
            sections=found.sections,
            dated=found.dated,
        )


def document_id(path: str) -> str:
    return hashlib.sha256(path.encode()).hexdigest()[:16]
