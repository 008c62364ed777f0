"""Errors that a user can meet. Each message is a sentence that names the thing and the way out."""

from typing import ClassVar


class FootnoteError(Exception):
    """An error told to users. ``kind`` is stable: the API's problem type, the CLI's ``--json`` error code."""

    kind: ClassVar[str] = "error"


class ReadError(FootnoteError):
    """A file cannot be read; the message is the reason, without the file's name."""

    kind = "unreadable-file"


class FolderError(FootnoteError):
    """The folder to index does not exist, or contains nothing to index."""

    kind = "no-documents"


class DeletionGuardError(FootnoteError):
    """The folder has lost so many files that it looks like a mistake."""

    kind = "too-many-deletions"


class UnmatchedRuleError(FootnoteError):
    """An access rule matches no document, so that it may protect nothing of what it should."""

    kind = "unmatched-rule"

    def __init__(self, message: str, number: int = 0) -> None:
        super().__init__(message)
        self.number = number
        """The place of the rule among the access rules of the settings, from 1; 0 if several are told of."""


class WiderAccessError(FootnoteError):
    """More people could read a document that not everyone may read."""

    kind = "wider-access"


class IndexMissingError(FootnoteError):
    """There is no index in the folder."""

    kind = "index-missing"


class IndexLockedError(FootnoteError):
    """Another process is writing this index."""

    kind = "index-locked"


class IndexUnreadableError(FootnoteError):
    """The catalog exists, and cannot be opened or written."""

    kind = "index-unreadable"


class EncoderMismatchError(FootnoteError):
    """The index was made by another embedding model of the same name."""

    kind = "encoder-mismatch"


class EncoderError(FootnoteError):
    """The embedding model cannot be loaded, or does not answer."""

    kind = "encoder-unavailable"


class RerankerError(FootnoteError):
    """The reranking model cannot be loaded."""

    kind = "reranker-unavailable"


class ModelPullError(FootnoteError):
    """A model cannot be downloaded, or is not as published. The store is unchanged."""

    kind = "model-not-pulled"


class ChromaUnavailableError(FootnoteError):
    """Chroma does not answer, or cannot store the vectors. The catalog has them all."""

    kind = "chroma-unavailable"


class UploadedNameError(FootnoteError):
    """A document cannot be uploaded under this name."""

    kind = "bad-name"


class UploadError(FootnoteError):
    """The folder of uploaded documents cannot be written."""

    kind = "uploads-unusable"


class OriginalGoneError(FootnoteError):
    """The file of a document is no longer where it was indexed."""

    kind = "original-gone"


class OriginalChangedError(FootnoteError):
    """The file of a document has changed since it was indexed."""

    kind = "original-changed"


class PageError(FootnoteError):
    """A page of a document cannot be drawn."""

    kind = "page-unreadable"
