"""Check the recorded replies of models (``tests/data/replies``), and print what is missed by kind.

    PYTHONPATH=.:tests python benchmarks/check_replies.py [--misses FOLDER] [--folder FOLDER]

``--misses`` writes the misses of each kind to a file of its own.
"""

import argparse
import asyncio
import sys
from collections import defaultdict
from pathlib import Path

from fakes.engines import RememberingEncoder
from fakes.recorded_replies import FALSE, FOLDER, TRUE, read_cases, run, table
from indexes.models.sentence_transformer import SentenceTransformerEncoder
from rag.verification.checker import Checker


def main() -> int:
    """Check the replies and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--misses", type=Path, help="where to write the misses, a file for each kind")
    options = parser.parse_args()
    cases = read_cases(options.folder)
    result = asyncio.run(run(cases, Checker(RememberingEncoder(SentenceTransformerEncoder()))))
    print("\n".join(table(result)))
    weak = sum(o.got == "weak" and o.part.right in FALSE for o in result.outcomes)
    print(f"\n{len(cases)} replies. True sentences not borne out: {result.share(*TRUE):.3f}.")
    print(f"False ones supported: {result.passed_share:.3f} (weak: {weak}).")
    print(f"Swapped in tables and not found: {result.share('swapped'):.3f}.")
    denied = [o for o in result.outcomes if o.part.right == "contradicted"]
    print(f"Contradicted: {len(denied)}, of which marked so: {sum(o.contradicted for o in denied)}.")
    for case, status in result.other_status:
        print(f"status {status}: {case.kind} {case.number}: {case.question} {case.reply!r}")
    if options.misses:
        by_kind = defaultdict[str, list[str]](list)
        for outcome in result.outcomes:
            texts = by_kind[outcome.case.kind]
            texts += [str(outcome)] * outcome.is_miss
        for kind, texts in by_kind.items():
            (options.misses / f"misses_{kind}.txt").write_text("\n\n".join(texts) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
