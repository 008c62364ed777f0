"""Every failure a user can meet, as one sentence that names the thing and the way out."""

from typing import ClassVar


class FootnoteError(Exception):
    """A failure in words. ``kind`` is stable: the API's problem type, the CLI's ``--json`` error code."""

    kind: ClassVar[str] = "error"


class ReadError(FootnoteError):
    """A file could not be read; the message is the reason, without the file's name."""

    kind = "unreadable-file"


class FolderError(FootnoteError):
    """What was to be indexed is not there, or holds nothing to index."""

    kind = "no-documents"


class DeletionGuardError(FootnoteError):
    """The folder lost so many files that it looks like a mistake."""

    kind = "too-many-deletions"


class IndexMissingError(FootnoteError):
    """There is no index where one was looked for."""

    kind = "index-missing"


class IndexLockedError(FootnoteError):
    """Another process is writing this index."""

    kind = "index-locked"


class IndexUnreadableError(FootnoteError):
    """The catalog exists and cannot be opened or written."""

    kind = "index-unreadable"


class EncoderMismatchError(FootnoteError):
    """The index was made by another embedding model of the same name."""

    kind = "encoder-mismatch"


class EncoderError(FootnoteError):
    """The embedding model cannot be loaded, or did not answer."""

    kind = "encoder-unavailable"


class RerankerError(FootnoteError):
    """The reranking model cannot be loaded."""

    kind = "reranker-unavailable"


class ModelPullError(FootnoteError):
    """A model could not be fetched, or is not what was published; what was there before is as it was."""

    kind = "model-not-pulled"


class ChromaUnavailableError(FootnoteError):
    """Chroma does not answer, or cannot take the vectors; the catalog has them all."""

    kind = "chroma-unavailable"


class UploadedNameError(FootnoteError):
    """A document cannot be uploaded under this name."""

    kind = "bad-name"


class UploadError(FootnoteError):
    """The folder of uploaded documents cannot be written."""

    kind = "uploads-unusable"


class OriginalGoneError(FootnoteError):
    """A document's file is not where it was indexed."""

    kind = "original-gone"


class OriginalChangedError(FootnoteError):
    """A document's file is not any more what was indexed."""

    kind = "original-changed"


class PageError(FootnoteError):
    """No picture can be made of a document's page."""

    kind = "page-unreadable"
