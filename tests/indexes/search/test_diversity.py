"""Hits of several sections before many of one."""

from dataclasses import replace

import pytest

from fakes.passages import passage
from indexes.search.diversity import DiverseRetriever
from indexes.types import Hit, Passage, Query


class Scored:
    """Finds these, best first."""

    def __init__(self, *hits: tuple[str, float, tuple[str, ...]]) -> None:
        self.hits = [Hit(_passage(name, heading), score) for name, score, heading in hits]

    def retrieve(self, query: Query, *, limit: int) -> list[Hit]:
        return self.hits[:limit]


def _passage(name: str, heading: tuple[str, ...]) -> Passage:
    made = passage(name, path=name.partition("-")[0])
    return replace(made, locator=replace(made.locator, heading=heading))


def found(*hits: tuple[str, float, tuple[str, ...]], limit: int = 9) -> list[tuple[str, float]]:
    varied = DiverseRetriever(Scored(*hits), loss=0.1).retrieve(Query("?"), limit=limit)
    return [(hit.passage.text, round(hit.score, 6)) for hit in varied]


PAY, LEAVE = ("Pay",), ("Leave",)


def test_a_further_hit_of_a_section_stands_behind_one_of_another_that_is_nearly_as_good() -> None:
    assert found(("a-1", 1.0, PAY), ("a-2", 0.95, PAY), ("a-3", 0.9, LEAVE)) == [
        ("a-1", 1.0),
        ("a-3", 0.9),
        ("a-2", 0.85),
    ]


def test_each_hit_before_it_costs_as_much_again() -> None:
    told = found(("a-1", 1.0, PAY), ("a-2", 1.0, PAY), ("a-3", 1.0, PAY))
    assert told == [("a-1", 1.0), ("a-2", 0.9), ("a-3", 0.8)]


def test_one_that_is_far_better_stays_before_others() -> None:
    assert [name for name, _ in found(("a-1", 1.0, PAY), ("a-2", 0.9, PAY), ("a-3", 0.5, LEAVE))] == [
        "a-1",
        "a-2",
        "a-3",
    ]


@pytest.mark.parametrize("hits", [[("a-1", 1.0, PAY), ("b-1", 0.95, PAY)], [("a-1", 1.0, ()), ("a-2", 0.95, ())]])
def test_other_documents_and_text_without_headings_lose_nothing(hits: list[tuple[str, float, tuple[str, ...]]]) -> None:
    assert found(*hits) == [(name, score) for name, score, _ in hits]


def test_the_limit_holds_and_nothing_found_is_nothing() -> None:
    assert found(("a-1", 1.0, PAY), ("a-2", 0.99, PAY), ("a-3", 0.9, LEAVE), limit=2) == [("a-1", 1.0), ("a-3", 0.9)]
    assert found() == []


def test_what_a_hit_lost_is_told() -> None:
    _, second = DiverseRetriever(Scored(("a-1", 1.0, PAY), ("a-2", 1.0, PAY)), loss=0.1).retrieve(Query("?"), limit=2)
    assert [(signal.name, round(signal.score, 6)) for signal in second.signals] == [("same section", -0.1)]
