"""Turns files into documents: one for the file, and one for each file within it."""

import hashlib
from pathlib import Path, PurePosixPath

from indexes.ingest.access_guard import RunAccess
from indexes.readers.registry import SUFFIXES, media_type
from indexes.readers.sandbox import Sandbox
from indexes.storage.catalog import Catalog, FileState
from indexes.types import Document


class DocumentReader:
    """Reads the documents of files. Notes on what could not be read go to ``notes``, by path."""

    def __init__(self, sandbox: Sandbox, access: RunAccess, answering: Catalog, notes: dict[str, str]) -> None:
        self._sandbox = sandbox
        self._access = access
        self._answering = answering
        self._notes = notes

    def read(self, file: FileState, source: Path) -> list[Document]:
        """Return the file's own document first. Raises ``ReadError`` or ``OSError`` if it cannot be read at all."""
        extraction = self._sandbox.read(source)
        contents = {file.path: extraction} | {f"{file.path}/{part.path}": part.found for part in extraction.parts}
        documents: list[Document] = []
        for path, content in contents.items():
            if isinstance(content, str):  # what was read of it before goes on answering
                self._notes[path] = content
                documents += [old for old in self._answering.documents_in(file.path) if old.path == path][:1]
                continue
            if content.notes:
                self._notes[path] = "; ".join(content.notes)
            if content.text and PurePosixPath(path).suffix.lower() in SUFFIXES:
                document = Document(
                    id=document_id(path),
                    path=path,
                    title=content.title,
                    media_type=media_type(path),
                    sha256=file.sha256,
                    text=content.text,
                    sections=content.sections,
                    dated=content.dated,
                )
                documents.append(document)
        return [self.apply_rules(document, file.path) for document in documents]

    def apply_rules(self, document: Document, file: str) -> Document:
        """Return the document with the readers and labels of the present rules."""
        return self._access.apply(document, file)


def document_id(path: str) -> str:
    """Return the id of the document at a path of the index."""
    return hashlib.sha256(path.encode()).hexdigest()[:16]
