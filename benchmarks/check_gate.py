"""Show what the search declines before a language model is asked (``rag/verification/abstention.py``).

    python benchmarks/check_gate.py ../shared/bench var/eval [--sets northwind squad2] [--own 120] [--foreign 20]

The indexes of ``index_sets.py`` lie in the second folder. Each is asked its own set's questions, and those of every
other set as ones off the subject. Then it is asked them within small collections: of each answerable question's
documents and others drawn with a seed, 1, 2, 5 and 20 in all, which one group may read. Prints a row for each set and
size: of the answerable, unanswerable and off-topic questions, how many are declined without a model and with one.
"""

import argparse
import random
import shutil
import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from calibrate_declining import KINDS, SETS

from eval.gold.files import read_gold
from eval.types import GoldCase
from indexes.storage.generations import catalog_file
from indexes.types import Audience, Scope
from rag.answering.query_rewriting import search_query
from rag.engine.engine import Engine, open_engine
from rag.engine.library import CatalogLibrary
from rag.settings import load_settings
from rag.types import Question
from rag.verification.abstention import is_foreign, is_relevant

SIZES = (1, 2, 5, 20)
SMALL_CASES = 20
"""Answerable questions of a set that are asked of small collections."""
READERS = Audience(frozenset({"all"}))


def main() -> None:
    """Run the benchmark by its command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", type=Path)
    parser.add_argument("indexes", type=Path)
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--own", type=int, default=120, help="questions of a set that its own index is asked")
    parser.add_argument("--foreign", type=int, default=20, help="questions of a set that each other index is asked")
    arguments = parser.parse_args()
    cases = {name: read_gold(arguments.bench / name / "questions.jsonl") for name in SETS}
    print("| set | documents | " + " | ".join(f"{kind}: offline, with a model" for kind in KINDS) + " |")
    print("|---|---|" + "---|" * len(KINDS))
    sums: dict[tuple[str, int], list[tuple[bool, bool]]] = defaultdict(list)
    for name in arguments.sets:
        own = spread(cases[name], arguments.own)
        foreign = [case for other in SETS if other != name for case in spread(cases[other], arguments.foreign)]
        for size, kind, declined in ask_set(arguments.indexes / name, own, foreign):
            sums[f"{name} | {size}", kind].append(declined)
            sums[f"all | {'small' if isinstance(size, int) else size}", kind].append(declined)
        show([row for row in dict.fromkeys(row for row, _ in sums) if row.startswith(name)], sums)
    show([row for row in dict.fromkeys(row for row, _ in sums) if row.startswith("all")], sums)


def spread(cases: Sequence[GoldCase], count: int) -> Sequence[GoldCase]:
    """Return about so many of the cases, evenly spread."""
    return cases[:: max(1, len(cases) // count)]


def ask_set(
    index: Path, own: Sequence[GoldCase], foreign: Sequence[GoldCase]
) -> Iterator[tuple[int | str, int, tuple[bool, bool]]]:
    """Yield the size of the collection, the kind of question, and whether it is declined without and with a model."""
    chance = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "index"
        shutil.copytree(index, copy)
        collections = {size: list(small_collections(copy, own, size, chance)) for size in SIZES}
        with open_engine(load_settings(index={"dir": copy})) as engine:
            asking = Asking(engine, CatalogLibrary(lambda: engine.catalog))
            for kind, case in [*((int(not case.answerable), case) for case in own), *((2, case) for case in foreign)]:
                yield "all", kind, asking.declined(case, READERS, alone=kind == 2)
            for size, asked in collections.items():
                for case, audience in asked:
                    yield size, 0, asking.declined(case, audience)
                    yield size, 2, asking.declined(chance.choice(foreign), audience, alone=True)


def small_collections(
    index: Path, own: Sequence[GoldCase], size: int, chance: random.Random
) -> Iterator[tuple[GoldCase, Audience]]:
    """Yield answerable questions with an audience that may read so many documents, the question's own among them.

    Whole collections are for ``READERS`` from now on, as what everyone may read would count for every audience.
    """
    with closing(sqlite3.connect(catalog_file(index))) as db, db:
        db.execute("UPDATE readers SET reader = 'all' WHERE reader = 'everyone'")
        ids = dict(db.execute("SELECT path, id FROM documents").fetchall())
        for case in spread([case for case in own if case.answerable], SMALL_CASES):
            gold = {ids[evidence.path] for evidence in case.evidence if evidence.path in ids}
            others = sorted(set(ids.values()) - gold)
            if not gold or not 0 <= size - len(gold) <= len(others):
                continue
            group = f"{size} for {case.id}"
            chosen = [*gold, *chance.sample(others, size - len(gold))]
            db.executemany("INSERT INTO readers VALUES (?, ?)", [(document, group) for document in chosen])
            yield case, Audience(frozenset({group}))


@dataclass(frozen=True, slots=True)
class Asking:
    """An open index that is asked."""

    engine: Engine
    library: CatalogLibrary

    def declined(self, case: GoldCase, audience: Audience, *, alone: bool = False) -> tuple[bool, bool]:
        """Return whether a question is declined before anything is written, offline and with a language model.

        ``alone`` leaves the conversation before it out.
        """
        query = replace(search_query(Question(case.question, () if alone else case.history)), audience=audience)
        hits, least = self.engine.retrieve(query, limit=8), self.engine.settings.answer.min_evidence
        languages = self.library.languages(Scope(audience))
        return not is_relevant(hits, least), is_foreign(hits, query, least, languages)


def show(rows: Sequence[str], sums: dict[tuple[str, int], list[tuple[bool, bool]]]) -> None:
    """Print these rows of the table."""
    for row in rows:
        cells = []
        for kind in range(len(KINDS)):
            values = sums[row, kind]
            offline, model = (sum(column) for column in zip(*values, strict=True)) if values else (0, 0)
            cells.append(f"{offline}, {model} of {len(values)}")
        print(f"| {row} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
