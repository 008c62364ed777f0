"""Python processes that start at once: forks of one that has torch and the other heavy libraries imported.

For tests to which a cold start is not the point. What is killed or sandboxed takes ``sys.executable``.
"""

import atexit
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from fakes.engines import ROOT

CLIENT = Path(__file__).parent / "warm_client.py"


@cache
def warm_python() -> tuple[str, ...]:
    """Return the beginning of a command, to be followed by ``-m MODULE ARGUMENT…``, in place of ``sys.executable``."""
    folder = tempfile.TemporaryDirectory(prefix="warm-python-")
    address = str(Path(folder.name) / "socket")
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    server = subprocess.Popen(
        [sys.executable, "-m", "fakes.warm_server", address],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": path},
    )
    atexit.register(folder.cleanup)
    atexit.register(server.kill)
    return (sys.executable, "-I", "-S", str(CLIENT), address)
