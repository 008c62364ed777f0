"""The ``eval`` extra: a clear error where its libraries are not installed."""

from collections.abc import Iterator
from contextlib import contextmanager

from indexes.errors import FootnoteError

HOW_TO_INSTALL = "pip install 'footnote[eval]'"


class ExtraMissingError(FootnoteError):
    """A library of the ``eval`` extra is not installed."""

    kind = "extra-missing"


@contextmanager
def eval_extra() -> Iterator[None]:
    """Wrap imports of the extra's libraries: raise ``ExtraMissingError`` where one is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "a library").partition(".")[0]
        raise ExtraMissingError(f"Evaluation needs {missing}, which is not installed: {HOW_TO_INSTALL}.") from error
