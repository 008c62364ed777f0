"""Measure Footnote, offline and in one configuration, on every set of a folder of benchmarks; write RESULTS.md.

    python benchmarks/bench.py ../shared/bench [--peer PEER_PYTHON] [--sets northwind lihua]

Each set is indexed and asked. With ``--peer`` the stock LlamaIndex + Chroma pipeline is measured too
(``peer_llamaindex.py``, in a virtual environment of its own). One process runs after the other. Results of a set are
kept in var/bench/SET, so that a stopped run can be resumed; delete them to measure anew.
"""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processes import FOOTNOTE, MODEL, run_json

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


@dataclass(frozen=True)
class Bench:
    """A set and its stages. Each stage is a file in ``results`` that is made once."""

    folder: Path
    results: Path

    @property
    def run(self) -> Path:
        """The folder of the set's run."""
        return self.results / "run"

    @property
    def peer_rows(self) -> Path:
        """The peer's answers, a JSON line per question."""
        return self.results / "peer.jsonl"

    def index(self) -> None:
        """Index the documents."""
        self._measure("index", [*FOOTNOTE, "index", str(self.folder / "docs"), "--index", self._index, "--json"])

    def ask(self) -> None:
        """Ask all questions."""
        command = [*FOOTNOTE, "eval", str(self.folder), "--index", self._index, "--run", str(self.run), "--json"]
        self._measure("ask", command)

    def search(self) -> None:
        """Measure variants of the search by ``ablation.py``."""
        self._measure("search", [sys.executable, str(Path(__file__).parent / "ablation.py"), str(self.folder)])

    def peer(self, python: Path) -> None:
        """Index and ask by the peer, with its own Python."""
        script = [str(python), str(self.folder.parent / "peer_llamaindex.py"), str(self.folder), "--model", str(MODEL)]
        self._measure("peer", [*script, "--out", str(self.peer_rows)])

    def stages(self) -> dict[str, Any]:
        """Return the measured stages by name: the process's JSON as ``told``, ``seconds`` and ``peak_mb``."""
        files = {stage: self.results / f"{stage}.json" for stage in ("index", "ask", "search", "peer")}
        return {stage: json.loads(file.read_bytes()) for stage, file in files.items() if file.exists()}

    @property
    def _index(self) -> str:
        return f"var/eval/{self.folder.name}"

    def _measure(self, stage: str, command: list[str]) -> None:
        file = self.results / f"{stage}.json"
        if not file.exists():
            self.results.mkdir(parents=True, exist_ok=True)
            cost = run_json(command)
            result = {"told": cost.output, "seconds": round(cost.seconds, 1), "peak_mb": cost.peak_mb}
            file.write_text(json.dumps(result))


def main() -> None:
    """Measure the sets of the command line, and write the page."""
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
    from results import make_page  # it imports this module

    arguments.out.write_text(make_page(benches), encoding="utf-8")


if __name__ == "__main__":
    main()
