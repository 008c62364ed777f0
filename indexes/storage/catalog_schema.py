"""The SQLite file of a catalog: its formats, and its failures in words."""

from contextlib import AbstractContextManager

from indexes.access.globs import matches
from indexes.errors import FootnoteError, IndexMissingError, IndexUnreadableError
from indexes.storage.database import Database
from indexes.storage.library_rows import named
from indexes.storage.lock import index_folder, migration_lock
from indexes.storage.migrations import Schema

_FORMAT_5 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('revision', '0'), ('terms', '0'), ('id', lower(hex(randomblob(8))));
CREATE TABLE files (
    path TEXT PRIMARY KEY, sha256 TEXT NOT NULL, size INTEGER NOT NULL, changed_ns INTEGER NOT NULL,
    modified TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE documents (
    id TEXT PRIMARY KEY, file TEXT NOT NULL REFERENCES files ON DELETE CASCADE, path TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL, name TEXT NOT NULL, media_type TEXT NOT NULL, dated TEXT, revision INTEGER NOT NULL,
    sections TEXT NOT NULL, text TEXT NOT NULL
);
CREATE INDEX documents_by_file ON documents (file);
CREATE INDEX documents_by_name ON documents (name);
CREATE INDEX documents_filtered ON documents (media_type, path, dated, file, id);
CREATE TABLE readers (
    document_id TEXT NOT NULL REFERENCES documents ON DELETE CASCADE, reader TEXT NOT NULL,
    PRIMARY KEY (document_id, reader)
) WITHOUT ROWID;
CREATE TABLE labels (
    document_id TEXT NOT NULL REFERENCES documents ON DELETE CASCADE, label TEXT NOT NULL,
    PRIMARY KEY (document_id, label)
) WITHOUT ROWID;
CREATE TABLE vectors (
    row INTEGER PRIMARY KEY, encoded TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL, vector BLOB NOT NULL
);
CREATE INDEX vectors_by_revision ON vectors (revision);
CREATE TABLE removals (encoded TEXT NOT NULL, revision INTEGER NOT NULL);
CREATE TABLE passages (
    row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    document_id TEXT NOT NULL REFERENCES documents ON DELETE CASCADE,
    encoded TEXT NOT NULL REFERENCES vectors (encoded), locator TEXT NOT NULL,
    title TEXT NOT NULL, context TEXT NOT NULL, text TEXT NOT NULL,
    context_terms TEXT NOT NULL, terms TEXT NOT NULL, length INTEGER NOT NULL
);
CREATE INDEX passages_by_document ON passages (document_id);
CREATE INDEX passages_by_encoded ON passages (encoded);
CREATE VIRTUAL TABLE passages_text USING fts5 (
    context_terms, terms, content='passages', content_rowid='row',
    tokenize="unicode61 remove_diacritics 0 tokenchars '_.'"
);
CREATE VIRTUAL TABLE passages_vocabulary USING fts5vocab (passages_text, row);
CREATE TRIGGER passages_added AFTER INSERT ON passages BEGIN
    INSERT INTO passages_text (rowid, context_terms, terms) VALUES (new.row, new.context_terms, new.terms);
    UPDATE meta SET value = value + new.length WHERE key = 'terms';
END;
CREATE TRIGGER passages_removed AFTER DELETE ON passages BEGIN
    INSERT INTO passages_text (passages_text, rowid, context_terms, terms)
    VALUES ('delete', old.row, old.context_terms, old.terms);
    UPDATE meta SET value = value - old.length WHERE key = 'terms';
END;
CREATE TRIGGER vectors_removed AFTER DELETE ON vectors BEGIN
    INSERT INTO removals SELECT old.encoded, value + 1 FROM meta WHERE key = 'revision';
END;
"""
SCHEMA = Schema((_FORMAT_5,), first=5, functions={"matches": matches, "named": named})


class CatalogFile(Database):
    """The SQLite file of a catalog. Its messages speak of the index."""

    failure = IndexUnreadableError

    @property
    def start_over(self) -> str:
        """See ``Database``."""
        return f"move the folder {index_folder(self.file.parent)} away and run `footnote index DOCS`"

    def migration_lock(self) -> AbstractContextManager[None]:
        """The writer's lock: an older program that holds it would write old rows into the new format."""
        return migration_lock(index_folder(self.file.parent))

    def missing(self) -> FootnoteError:
        """See ``Database``."""
        return IndexMissingError(f"There is no index in {self.file.parent}: make one with `footnote index DOCS`.")

    def on_a_full_disk(self) -> FootnoteError:
        """See ``Database``."""
        return self.failure(
            f"The disk of the index in {self.file.parent} is full: make room, and run it again to go on."
        )

    def unwritable(self, error: Exception) -> FootnoteError:
        """See ``Database``."""
        return self.failure(f"No index can be written in {self.file.parent}: {error}.")
