"""The sandbox's other side: ``python -m indexes.readers.worker FD LIMITS…`` answers each path with a line of JSON."""

import os
import resource
import sys
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

from indexes.errors import ReadError
from indexes.readers.extraction import serialization
from indexes.readers.pages import ocr
from indexes.readers.registry import read_file, read_or_reason
from indexes.readers.sandbox import ReadingLimits
from indexes.types import EmbeddedDocument, Extraction

_MAX_SECTIONS = 100_000
"""Pages, headings and tables: a library has fewer, and each costs its place in every passage."""
_MAX_FILES = 256


def read(path: Path, text_mb: int) -> Extraction | ReadError:
    found = read_or_reason(lambda: read_file(path))
    if isinstance(found, str):
        return ReadError(found)
    left = text_mb * 2**20 - len(found.text)
    if left < 0:
        return ReadError(f"holds more than the {text_mb} MB of text allowed")
    sections = _MAX_SECTIONS - len(found.sections)
    if sections < 0:
        return ReadError(f"holds more than the {_MAX_SECTIONS:,} pages and headings allowed")
    parts = []
    for part in found.parts:
        text, headings = (
            (len(part.found.text), len(part.found.sections)) if isinstance(part.found, Extraction) else (0, 0)
        )
        if text > left or headings > sections:
            parts.append(
                EmbeddedDocument(part.path, f"holds more text than is left of the {text_mb} MB allowed for its file")
            )
        else:
            parts.append(part)
            left, sections = left - text, sections - headings
    return replace(found, parts=tuple(parts))


def main() -> None:
    serve(
        lambda request, limits: serialization.dump(read(Path(request.decode(errors="surrogateescape")), limits.text_mb))
    )


def serve(answer: Callable[[bytes, ReadingLimits], bytes]) -> None:
    """Answers each request with a line, until the sandbox is gone."""
    descriptor, file_mb, text_mb, memory_mb = map(int, sys.argv[1:5])
    limits = ReadingLimits(file_mb, text_mb, memory_mb, float(sys.argv[5]))
    _confine(limits)
    pipe = Connection(descriptor)
    with open(os.dup(descriptor), "wb") as answers:  # noqa: PTH123 - a descriptor

        def page_done() -> None:
            answers.write(serialization.ALIVE)
            answers.flush()
            _allow_cpu(limits.seconds)

        ocr.PAGE_DONE.set(page_done)
        while True:
            try:
                request = pipe.recv_bytes()
            except (EOFError, OSError):  # the sandbox is gone
                return
            _allow_cpu(limits.seconds)
            answers.write(answer(request, limits) + serialization.END)
            answers.flush()


def _confine(limits: ReadingLimits) -> None:
    """Processes are not limited: the system counts all that the user has, and libraries start threads."""
    for what, most in (
        (resource.RLIMIT_AS, limits.memory_mb * 2**20),
        (resource.RLIMIT_FSIZE, limits.file_mb * 2**20),
        (resource.RLIMIT_NOFILE, _MAX_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def _allow_cpu(seconds: float) -> None:
    """For one file, on all processors: the clock is the sandbox's, but a sandbox that was killed stops no worker."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime + seconds * (os.cpu_count() or 1)) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
