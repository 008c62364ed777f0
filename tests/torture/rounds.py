"""``python -m torture.rounds``: kills writers of an index at random moments, and checks after each what it answers.

Each round changes a folder at random, and kills a process that takes the changes in. Every fourth round then ends with
one that is left in peace, after which the index must equal the folder. An episode of rounds works on one index.
"""

import argparse
import json
import logging
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from random import Random

from indexes.ingest.embedding import encoded_hash
from indexes.storage.generations import catalog_file
from torture.check import Expected, Held, Versions, examine
from torture.documents import Folder, Version
from torture.processes import Heard, Kill, adopt_orphans, ask, run
from torture.writer import DIMENSIONS, Line, Say, Task, count_lines, perform

_STRIDE = 7919
_OFTEN = 20
"""A line of code is passed over at most so often, as another time may run it less."""
_HEAVY = ("chromadb.api.rust", "chromadb.telemetry.product.posthog", "llama_index.core.node_parser")
"""Imported before a process is forked, and not by each of them."""
_FIRST = 9
"""Documents of a new folder: passages for several commits."""
_MODELS = [*DIMENSIONS]
_OPERATIONS = ("index", "index", "index", "switch", "switch", "rebuild")
_EPISODE = 10
_PEACE = 4
_WORDS = 25
"""Looked for in a check, of documents that are and that were."""


@dataclass(slots=True)
class Measured:
    """An operation left in peace: when it said what, and the lines of code that it ran."""

    said: list[tuple[str, float]]
    lines: Counter[Line]


@dataclass(slots=True)
class Tally:
    """Where the kills fell."""

    phases: Counter[str] = field(default_factory=Counter)
    lines: set[Line] = field(default_factory=set)
    survived: int = 0

    def count(self, heard: Heard, kill: Kill) -> None:
        if not heard.killed:
            self.survived += 1
            return
        self.phases[heard.lines[-1][0].split(" ")[0]] += 1
        if kill.before:
            self.lines.add(kill.before[0])


class Torture:
    """One index and its folder, through many deaths."""

    def __init__(self, place: Path, seed: int) -> None:
        self._place = place
        self._seed = seed
        self._measured: dict[str, Measured] = {}
        self.tally = Tally()
        self._begin(Random(seed))

    def _begin(self, random: Random) -> None:
        shutil.rmtree(self._place)
        (self._place / "docs").mkdir(parents=True)
        self._folder = Folder(self._place / "docs", random)
        self._held = Held()
        for _ in range(_FIRST):
            self._folder.add()

    def measure(self) -> list[str]:
        """Each operation in peace: on nothing, on changes; returns what went wrong."""
        faults = []
        for operation in ("index", "index", "switch", "rebuild"):
            self._folder.change()
            faults += self._in_peace(self._task(operation))
        return faults

    def round(self, number: int) -> tuple[str, list[str]]:
        """What was done, and what went wrong."""
        random = Random(f"{self._seed}/{number}")
        if number % _EPISODE == 0:
            self._begin(random)
        self._folder.random = random
        changes = self._folder.change()
        task = self._task(random.choice(_OPERATIONS) if self._held.model else "index")
        kill = self._moment(task.operation, number, random)
        heard = run(lambda say: perform(task, say), kill)
        self.tally.count(heard, kill)
        faults = self._judge(task, heard, random)
        peaceful = not faults and number % _PEACE == _PEACE - 1
        if peaceful:
            faults = self._in_peace(self._task(random.choice(("index", "switch"))))
        ended = "ended" if heard.said("ended") else str(kill)
        return f"{task.operation} {ended}{', then in peace' if peaceful else ''} ({changes})", faults

    def _task(self, operation: str) -> Task:
        model = self._held.model or _MODELS[0]
        if operation == "switch":
            model = next(other for other in _MODELS if other != model)
        return Task(operation, self._place / "index", self._folder.root, model)

    def _moment(self, operation: str, number: int, random: Random) -> Kill:
        measured = self._measured[operation]
        alone = random.random() < 0.2
        match random.choice(("time", "line", "line", "phase")):
            case "time":
                return Kill(delay=random.uniform(0, measured.said[-1][1]), alone=alone)
            case "line":
                lines = sorted(measured.lines)
                line = lines[(number * _STRIDE + self._seed) % len(lines)]  # another one each time, for long
                return Kill(before=(line, random.randint(1, min(measured.lines[line], _OFTEN))), alone=alone)
            case _:
                said = [(line.split(" ")[0], at) for line, at in measured.said]
                word = random.choice(sorted({word for word, _ in said} - {"ended"}))
                place = random.choice([n for n, (other, _) in enumerate(said) if other == word])
                times = sum(other == word for other, _ in said[: place + 1])
                return Kill(word, times, random.uniform(0, 1.2 * (said[place + 1][1] - said[place][1])), alone=alone)

    def _in_peace(self, task: Task) -> list[str]:
        """Until it has ended; then the index equals the folder, and kills to come are drawn from what was heard."""

        def work(say: Say) -> None:
            counted: Counter[Line] = Counter()
            count_lines(counted)
            perform(task, say)
            say(f"lines {json.dumps([*counted.items()])}")

        heard = run(work)
        if told := heard.said("lines"):
            counted = {(file, line): times for (file, line), times in json.loads(told[0])}
            self._measured[task.operation] = Measured(heard.lines[:-1], Counter(counted))
        cut_short = [folder for folder in task.index.glob("generations/*") if not catalog_file(folder).exists()]
        return self._judge(task, heard, Random(0)) + [f"{folder} is never dropped" for folder in cut_short]

    def _judge(self, task: Task, heard: Heard, random: Random) -> list[str]:
        faults = [*heard.faults]
        if not heard.killed and not heard.said("ended"):
            faults.append(f"the writer failed with status {heard.status}")
        embedded = {key for keys in heard.said("encoded") for key in keys.split()}
        if again := embedded & _embedded(self._held, task.model):
            faults.append(f"{len(again)} passages were embedded again")
        expected = self._expected(task, heard, random)
        held, wrong = ask(lambda: examine(task.index, expected, random)) or (self._held, ["the check's process died"])
        told = [version for path in heard.said("done") if (version := self._folder.versions.get(path))]
        if {encoded_hash(p) for version in told for p in version.passages} - _embedded(held, task.model):
            faults.append(f"what {task.model} embedded and told is lost")
        self._held = held
        return faults + wrong

    def _expected(self, task: Task, heard: Heard, random: Random) -> Expected:
        """What answers stays until another model's generation is whole, unless its file is gone."""
        before, ended = self._held, bool(heard.said("ended"))
        paths = {*before.versions, *self._folder.versions}
        versions: dict[str | None, Versions] = {
            task.model: {path: self._may_answer(path, task, heard) for path in paths}
        }
        if before.model != task.model and not ended:
            gone = {path: [None] for path in paths - self._folder.versions.keys()}
            versions[before.model] = {path: [before.versions.get(path), *gone.get(path, [])] for path in paths}
        words = sorted(self._folder.words)
        return Expected(versions, random.sample(words, min(_WORDS, len(words))), before.published or ended)

    def _may_answer(self, path: str, task: Task, heard: Heard) -> list[Version | None]:
        """The old version or the new; only the new one once that was told. What cannot be read stays as it was."""
        old, new = self._held.versions.get(path), self._folder.versions.get(path)
        if task.operation == "rebuild":
            return [old]
        if path in self._folder.versions and new is None:
            return [old] if old or task.operation == "index" else [None, *self._folder.earlier[path]]
        told = path in heard.said("done") if new else heard.said("publishing")
        return [new] if told or task.operation == "switch" or heard.said("ended") else [old, new]


def _embedded(held: Held, model: str) -> frozenset[str]:
    """The keys of the texts of which the index has this model's vectors."""
    current = {encoded_hash(p) for version in held.versions.values() for p in version.passages}
    return frozenset(current) if held.model == model else held.beside.get(model, frozenset())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the round to begin with: the first of an episode")
    chosen = parser.parse_args()
    adopt_orphans()
    for module in _HEAVY:
        import_module(module)
    logging.disable()
    place = Path(tempfile.mkdtemp(prefix="torture-"))
    began = time.monotonic()
    torture = Torture(place, chosen.seed)
    faults = torture.measure()
    for number in range(chosen.first, chosen.first + chosen.rounds):
        if faults:
            break
        at = time.monotonic()
        done, faults = torture.round(number)
        _print(f"seed {chosen.seed} round {number}: {done}, {time.monotonic() - at:.1f} s")
    tally = torture.tally
    _print(
        f"{sum(tally.phases.values())} killed, {tally.survived} ended first, {time.monotonic() - began:.0f} s; "
        f"last heard {dict(tally.phases)}; before {len(tally.lines)} different lines of code"
    )
    if faults:
        episode = number - number % _EPISODE
        _print(
            "\n".join(faults),
            f"What is left of it lies in {place}. Again: make torture SEED={chosen.seed} FIRST={episode} "
            f"ROUNDS={number - episode + 1}",
        )
        sys.exit(1)
    shutil.rmtree(place)


def _print(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
