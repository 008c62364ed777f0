"""The sandbox's worker: ``python -m indexes.readers.worker FD LIMITS…`` answers each path with a line of JSON."""

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
"""Pages, headings and tables of a file. A library has fewer."""
_MAX_FILES = 256


def read(path: Path, text_mb: int) -> Extraction | ReadError:
    """Read a file with its parts within the limits of text; return the reason if the file itself exceeds them."""
    extraction = read_or_reason(lambda: read_file(path))
    if isinstance(extraction, str):
        return ReadError(extraction)
    text_left = text_mb * 2**20 - len(extraction.text)
    if text_left < 0:
        return ReadError(f"holds more than the {text_mb} MB of text allowed")
    sections_left = _MAX_SECTIONS - len(extraction.sections)
    if sections_left < 0:
        return ReadError(f"holds more than the {_MAX_SECTIONS:,} pages and headings allowed")
    parts = []
    for part in extraction.parts:
        content = part.found
        text, sections = (len(content.text), len(content.sections)) if isinstance(content, Extraction) else (0, 0)
        if text > text_left or sections > sections_left:
            parts.append(
                EmbeddedDocument(part.path, f"holds more text than is left of the {text_mb} MB allowed for its file")
            )
        else:
            parts.append(part)
            text_left, sections_left = text_left - text, sections_left - sections
    return replace(extraction, parts=tuple(parts))


def main() -> None:
    """Answer paths with extractions."""
    serve(
        lambda request, limits: serialization.dump(read(Path(request.decode(errors="surrogateescape")), limits.text_mb))
    )


def serve(answer: Callable[[bytes, ReadingLimits], bytes]) -> None:
    """Confine this process, then answer each request with a line until the sandbox is gone."""
    descriptor, file_mb, text_mb, memory_mb = map(int, sys.argv[1:5])
    limits = ReadingLimits(file_mb, text_mb, memory_mb, float(sys.argv[5]))
    for resource_type, limit in (
        (resource.RLIMIT_AS, limits.memory_mb * 2**20),
        (resource.RLIMIT_FSIZE, limits.file_mb * 2**20),
        (resource.RLIMIT_NOFILE, _MAX_FILES),
        (resource.RLIMIT_CORE, 0),
    ):  # not of processes: the system counts all of the user's, and libraries start threads
        resource.setrlimit(resource_type, (limit, limit))
    pipe = Connection(descriptor)
    with open(os.dup(descriptor), "wb") as answers:  # noqa: PTH123 - a descriptor

        def page_done() -> None:
            """Tell the sandbox that the worker is alive, and allow time for the next page."""
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


def _allow_cpu(seconds: float) -> None:
    """Limit one file's time on all processors, as a sandbox that was killed stops no worker."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime + seconds * (os.cpu_count() or 1)) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
