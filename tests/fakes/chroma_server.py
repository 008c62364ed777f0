"""The real Chroma server on a free loopback port."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

_START_S = 60


class ChromaRun:
    """Runs ``chroma run`` between ``with`` and its end; started again, it has the same port and data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        command = [Path(sys.executable).parent / "chroma", "run", "--host", "127.0.0.1", "--port", str(self.port)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--path", self.folder / "data"],
                env={**os.environ, "ANONYMIZED_TELEMETRY": "False"},
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + _START_S
        while not self._listens():
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < end, "the Chroma server did not start"
            time.sleep(0.05)

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait(timeout=10)
            self._process = None

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
