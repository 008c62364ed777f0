"""The sandbox's other side: ``python -m indexes.reading.worker FD LIMITS…`` answers each path with a line of JSON."""

import os
import resource
import sys
from multiprocessing.connection import Connection
from pathlib import Path

from indexes.errors import ReadError
from indexes.reading import wire
from indexes.reading.draft import one_line
from indexes.reading.formats import read_file
from indexes.reading.sandbox import ReadingLimits
from indexes.types import Extraction

_MAX_SECTIONS = 100_000
"""Pages, headings and tables: a library has fewer, and each costs its place in every passage."""
_MAX_FILES = 256
_MAX_REASON = 300
"""Characters: a parser may repeat all of a file in its complaint."""


def read(path: Path, text_mb: int) -> Extraction | ReadError:
    try:
        extraction = read_file(path)
    except ReadError as error:
        return ReadError(one_line(str(error))[:_MAX_REASON])
    except MemoryError:
        return ReadError("needs more memory to read than is allowed")
    except OSError as error:
        return ReadError(f"cannot be opened: {error.strerror or error}")
    except Exception as error:  # noqa: BLE001 - a parser may raise anything over a hostile file; the other files go on
        return ReadError(one_line(f"cannot be read: {type(error).__name__}: {error}")[:_MAX_REASON])
    if len(extraction.text) > text_mb * 2**20:
        return ReadError(f"holds more than the {text_mb} MB of text allowed")
    if len(extraction.sections) > _MAX_SECTIONS:
        return ReadError(f"holds more than the {_MAX_SECTIONS:,} pages and headings allowed")
    return extraction


def main() -> None:
    descriptor, file_mb, text_mb, memory_mb = map(int, sys.argv[1:5])
    limits = ReadingLimits(file_mb, text_mb, memory_mb, float(sys.argv[5]))
    _confine(limits)
    pipe = Connection(descriptor)
    with open(os.dup(descriptor), "wb") as answers:  # noqa: PTH123 - a descriptor
        while True:
            try:
                path = Path(pipe.recv_bytes().decode(errors="surrogateescape"))
            except (EOFError, OSError):  # the sandbox is gone
                return
            _allow_cpu(limits.seconds)
            answers.write(wire.dump(read(path, limits.text_mb)) + b"\n")
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
