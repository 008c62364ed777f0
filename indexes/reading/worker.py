"""The sandbox's other side: ``python -m indexes.reading.worker FD MEMORY_MB TEXT_MB`` answers paths with texts."""

import resource
import sys
from multiprocessing.connection import Connection
from pathlib import Path

from indexes.errors import ReadError
from indexes.reading import recognition, wire
from indexes.reading.formats import read_file
from indexes.types import Extraction


def read(path: Path, text_mb: int) -> Extraction | ReadError:
    try:
        extraction = read_file(path)
    except ReadError as error:
        return error
    except MemoryError:
        return ReadError("needs more memory to read than is allowed")
    except OSError as error:
        return ReadError(f"cannot be opened: {error.strerror or error}")
    except Exception as error:  # noqa: BLE001 - a parser may raise anything over a hostile file; the other files go on
        return ReadError(f"cannot be read: {type(error).__name__}: {error}")
    if len(extraction.text) > text_mb * 2**20:
        return ReadError(f"holds more than the {text_mb} MB of text allowed")
    return extraction


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
