"""The sandbox's other side: ``python -m indexes.reading.worker FD MEMORY_MB TEXT_MB`` answers paths with texts."""

import resource
import sys
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

from indexes.errors import ReadError
from indexes.reading import recognition, wire
from indexes.reading.formats import attempt, read_file
from indexes.types import Extraction, Part


def read(path: Path, text_mb: int) -> Extraction | ReadError:
    found = attempt(lambda: read_file(path))
    if isinstance(found, str):
        return ReadError(found)
    left = text_mb * 2**20 - len(found.text)
    if left < 0:
        return ReadError(f"holds more than the {text_mb} MB of text allowed")
    parts = []
    for part in found.parts:
        size = len(part.found.text) if isinstance(part.found, Extraction) else 0
        if size > left:
            parts.append(Part(part.path, f"holds more text than is left of the {text_mb} MB allowed for its file"))
        else:
            parts.append(part)
            left -= size
    return replace(found, parts=tuple(parts))


def main() -> None:
    descriptor, memory_mb, text_mb = map(int, sys.argv[1:])
    resource.setrlimit(resource.RLIMIT_AS, (memory_mb * 2**20, memory_mb * 2**20))
    pipe = Connection(descriptor)
    recognition.PAGE_DONE.set(lambda: pipe.send_bytes(wire.ALIVE))
    while True:
        try:
            path = Path(pipe.recv_bytes().decode(errors="surrogateescape"))
        except (EOFError, OSError):  # the sandbox is gone
            return
        pipe.send_bytes(wire.dump(read(path, text_mb)))


if __name__ == "__main__":
    main()
