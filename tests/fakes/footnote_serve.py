"""A real ``footnote serve``, a process of its own on a free loopback port."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def footnote_serve(
    index: Path, folder: Path, **variables: str
) -> Iterator[tuple[subprocess.Popen[str], str, list[str]]]:
    """The process, its address ``http://127.0.0.1:…/``, and what it wrote to standard error so far."""
    command = [sys.executable, "-m", "api.commands.cli", "serve", "--port", "0", "--index", str(index)]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True, env=os.environ | variables) as server:
        assert server.stderr
        lines: list[str] = []
        try:
            for line in server.stderr:
                lines.append(line)
                if address := re.search(r"http://[\d.:]+/", line):
                    break
            else:
                raise AssertionError("".join(lines))
            rest = server.stderr
            reading = threading.Thread(target=lambda: lines.extend(rest))
            reading.start()
            yield server, address[0], lines
        finally:
            server.kill()
            server.wait()
        reading.join()
