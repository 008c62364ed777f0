"""The time left is honest: within a factor of two from the first minute on, whatever the sizes and their order."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexes.ingest.eta import TimeLeft

PASSAGE = 800
"""Characters."""
BATCH = 128


@dataclass
class Run:
    """A simulated sync: what is true of its files and of the machine, and a clock that it drives."""

    sizes: dict[str, int]
    share: Mapping[str, float] = field(default_factory=lambda: {"txt": 0.97, "pdf": 0.06, "xlsx": 2.0})
    """Characters in a byte."""
    loading_s: float = 8
    character_s: float = 5e-5
    passage_s: float = 4e-3
    byte_s: Mapping[str, float] = field(default_factory=lambda: {"txt": 1e-7, "pdf": 2e-6, "xlsx": 1e-6})
    noise: float = 0.15
    seed: int = 0
    now: float = 0

    def estimates(self) -> list[tuple[float, float, float]]:
        """When, what was said to be left, and what was left in truth."""
        left = TimeLeft(self.sizes, lambda: self.now)
        told = [(self.now, said) for _ in self._steps(left) if (said := left.seconds()) is not None]
        return [(at, said, self.now - at) for at, said in told]

    def _steps(self, left: TimeLeft) -> Iterator[None]:
        rng = random.Random(self.seed)
        self.now += self.loading_s
        waiting: list[tuple[str, list[int]]] = []
        for path, size in self.sizes.items():
            kind = path.rsplit(".")[-1]
            self.now += 0.002 + size * self.byte_s[kind]
            passages = passages_of(size * self.share[kind] * rng.lognormvariate(0, self.noise))
            left.read(path, len(passages), sum(passages))
            waiting.append((path, passages))
            if sum(len(its) for _, its in waiting) >= BATCH:
                yield from self._commit(left, waiting, rng)
                waiting = []
        yield from self._commit(left, waiting, rng)

    def _commit(self, left: TimeLeft, waiting: list[tuple[str, list[int]]], rng: random.Random) -> Iterator[None]:
        passages = [passage for _, its in waiting for passage in its]
        for start in range(0, len(passages), BATCH):
            batch = passages[start : start + BATCH]
            cost = len(batch) * self.passage_s + sum(batch) * self.character_s
            self.now += cost * rng.lognormvariate(0, self.noise)
            left.embedded(len(batch), sum(batch))
            yield
        for path, _ in waiting:
            left.done(path)
        yield


def passages_of(characters: float) -> list[int]:
    """Their lengths, each with a heading's 40 characters."""
    whole, rest = divmod(int(characters), PASSAGE)
    return [PASSAGE + 40] * whole + [rest + 40] * (rest > 0 or not whole)


def dishonest(run: Run) -> list[tuple[float, float, float]]:
    """Estimates after the first minute that are more than a factor of two, and five seconds, from the truth."""
    return [(a, said, t) for a, said, t in run.estimates() if a > 60 and not t / 2 - 5 <= said <= t * 2 + 5]


def skewed(rng: random.Random, count: int, suffix: str) -> dict[str, int]:
    return {f"{n:04}.{suffix}": int(rng.lognormvariate(8, 1.8)) + 50 for n in range(count)}


def by_size(sizes: dict[str, int], *, largest_first: bool) -> dict[str, int]:
    return dict(sorted(sizes.items(), key=lambda item: item[1], reverse=largest_first))


ORDERS: dict[str, Callable[[dict[str, int]], dict[str, int]]] = {
    "as they come": lambda sizes: sizes,
    "small ones first": lambda sizes: by_size(sizes, largest_first=False),
    "large ones first": lambda sizes: by_size(sizes, largest_first=True),
}


@given(seed=st.integers(0, 2**32), order=st.sampled_from(sorted(ORDERS)), count=st.integers(100, 1500))
@settings(max_examples=60, deadline=None)
def test_files_of_very_different_sizes(seed: int, order: str, count: int) -> None:
    sizes = ORDERS[order](skewed(random.Random(seed), count, "txt"))
    assert dishonest(Run(sizes, seed=seed)) == []


@pytest.mark.parametrize("order", ["small ones first", "large ones first"])
def test_many_small_files_and_one_that_is_most_of_the_work(order: str) -> None:
    sizes = {f"{n:04}.txt": 300 + n % 700 for n in range(3000)} | {"z.txt": 8_000_000}
    run = Run(ORDERS[order](sizes))
    assert dishonest(run) == []
    assert run.now > 500


@given(seed=st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_formats_that_come_mixed(seed: int) -> None:
    rng = random.Random(seed)
    sizes = skewed(rng, 300, "txt") | skewed(rng, 300, "xlsx")
    sizes |= {path: 20 * size for path, size in skewed(rng, 300, "pdf").items()}
    assert dishonest(Run(dict(sorted(sizes.items())), seed=seed)) == []


def test_a_format_that_comes_last_is_supposed_to_hold_what_it_mostly_does() -> None:
    sizes = {f"a{n}.txt": 20_000 for n in range(150)} | {f"b{n}.pdf": 400_000 for n in range(100)}
    assert dishonest(Run(sizes)) == []


def test_a_format_that_is_slow_to_read_is_known_once_it_was_read() -> None:
    """As scanned pages are. Before any was read, no one knows."""
    sizes = {f"{n:03}.{'pdf' if n % 3 else 'txt'}": 200_000 if n % 3 else 5_000 for n in range(200)}
    assert dishonest(Run(sizes, share={"txt": 1, "pdf": 0.01}, byte_s={"txt": 1e-7, "pdf": 1e-5})) == []


class Slowing(Run):
    """A machine that after five minutes is half as fast."""

    def _commit(self, *given: Any) -> Iterator[None]:
        if self.now > 300:
            self.character_s, self.passage_s = 1e-4, 8e-3
        return super()._commit(*given)


def test_a_machine_that_becomes_half_as_fast_is_believed_within_minutes() -> None:
    run = Slowing({f"{n:04}.txt": 10_000 for n in range(2000)})
    later = [said / true for at, said, true in run.estimates() if at > 540 and true > 30]
    assert 0.8 < min(later) <= max(later) < 1.25
    assert run.now > 1500


def test_files_whose_vectors_are_there_count_for_nothing() -> None:
    now = [0.0]
    left = TimeLeft({"a.txt": 8000, "b.txt": 0, "c.txt": 0, "d.txt": 4500}, lambda: now[0])
    left.read("a.txt", 10, 8000)
    now[0] = 9.0
    left.embedded(10, 8000)
    for path in ("b.txt", "c.txt"):
        left.read(path, 10, 8000)
        left.done(path)
    left.done("a.txt")
    assert left.seconds() == pytest.approx(4.6, abs=0.1)


def test_changed_files_whose_passages_are_mostly_known_are_quickly_told() -> None:
    """A tenth of each file is new."""
    now = [0.0]
    paths = [f"{n:03}.txt" for n in range(200)]
    left = TimeLeft(dict.fromkeys(paths, 80_000), lambda: now[0])
    for n, path in enumerate(paths[:100]):
        left.read(path, 100, 80_000)
        now[0] += 1.0
        left.embedded(10, 8000)
        left.done(path)
        if n > 50:
            said = left.seconds()
            assert said is not None
            assert 0.5 < said / (199 - n) < 2


def test_nothing_is_said_before_anything_is_embedded() -> None:
    left = TimeLeft({"a.txt": 8000, "b.pdf": 10})
    assert left.seconds() is None
    left.done("b.pdf")
    assert left.seconds() is None
