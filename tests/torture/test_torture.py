"""Twenty rounds of ``make torture``; that has more, and other seeds."""

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]


def test_a_writer_killed_at_any_moment_leaves_an_index_that_lost_nothing_and_does_not_lie() -> None:
    command = [sys.executable, "-m", "torture.rounds", "--rounds", "20", "--seed", "20"]
    ran = subprocess.run(
        command,
        cwd=TESTS.parent,
        env={**os.environ, "PYTHONPATH": f"{TESTS.parent}:{TESTS}"},  # tests/indexes must not stand for indexes
        text=True,
        capture_output=True,
        timeout=170,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    killed = int(ran.stdout.splitlines()[-1].split(" killed", 1)[0])
    assert killed >= 10
