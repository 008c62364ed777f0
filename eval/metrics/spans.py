"""Compares locations by file, page and character."""

from collections.abc import Sequence

from eval.types import Location


def files(places: Sequence[Location]) -> list[Location]:
    """Return their files, each once, in order."""
    return list(dict.fromkeys(Location(place.path) for place in places))


def pages(places: Sequence[Location]) -> list[Location]:
    """Return their pages, each once, in order; a file where there is no page."""
    return list(dict.fromkeys(Location(place.path, place.page) for place in places))


def is_at(place: Location, gold: Location, tolerance: int = 0) -> bool:
    """Whether a place is in the gold file and, if that has a page, at most ``tolerance`` pages off."""
    if place.path != gold.path or gold.page is None:
        return place.path == gold.path
    return place.page is not None and abs(place.page - gold.page) <= tolerance


def recall(gold: Sequence[Location], places: Sequence[Location], tolerance: int = 0) -> float:
    """Return the share of the gold places at which some place is."""
    return sum(any(is_at(place, target, tolerance) for place in places) for target in gold) / len(gold)


def precision(gold: Sequence[Location], places: Sequence[Location], tolerance: int = 0) -> float:
    """Return the share of the places that are at some gold place."""
    return sum(any(is_at(place, target, tolerance) for target in gold) for place in places) / len(places)


def have_characters(places: Sequence[Location]) -> bool:
    """Whether all of them have characters."""
    return all(characters([place]) for place in places)


def characters(places: Sequence[Location]) -> int:
    """Return how many characters they cover, each counted once; a whole page or file covers none."""
    spans = [(p.path, p.start, p.end) for p in places if p.start is not None and p.end is not None]
    total, path, reached = 0, "", 0
    for file, start, end in sorted(spans):
        reached = reached if file == path else 0
        total += max(0, end - max(start, reached))
        path, reached = file, max(reached, end)
    return total


def shared_characters(one: Sequence[Location], other: Sequence[Location]) -> int:
    """Return how many characters both cover."""
    return characters(one) + characters(other) - characters([*one, *other])
