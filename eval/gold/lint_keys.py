"""Keys of a gold file that nothing reads, and that may be misspelt."""

import csv
import json
from collections.abc import Iterable, Iterator, Set
from difflib import get_close_matches
from pathlib import Path

from pydantic import AliasChoices, BaseModel

from eval.gold.rows import CaseRow, PlaceRow, numbered_lines

_MISSPELT = 0.8
"""Similarity to a known key from which on a key may be a misspelling of it."""


def _keys_of(model: type[BaseModel]) -> set[str]:
    """Return the keys by which a row is read, aliases included."""
    keys = set[str]()
    for name, field in model.model_fields.items():
        alias = field.validation_alias
        keys |= set(map(str, alias.choices)) if isinstance(alias, AliasChoices) else {name}
    return keys


_CASE_KEYS, _PLACE_KEYS = _keys_of(CaseRow), _keys_of(PlaceRow)


def misspelt_keys(file: Path) -> Iterator[tuple[int, str, str]]:
    """Yield the line, the question's id and a warning for each misspelt key, which reading gold ignores.

    A benchmark's own keys are no mistake.
    """
    if file.suffix.lower() == ".csv":
        columns = next(csv.reader(file.read_text("utf-8-sig").splitlines()), [])
        for text in _unknown_keys(columns, _CASE_KEYS | _PLACE_KEYS, ours=False):
            yield 1, "", text
        return
    for number, line in numbered_lines(file):
        try:
            row = json.loads(line)
        except ValueError:
            continue  # reading the gold reports it
        if not isinstance(row, dict):
            continue
        ours = bool(row.keys() & {"answers", "evidence"})
        places = [place for key in ("evidence", "gold") if isinstance(row.get(key), list) for place in row[key]]
        place_keys = [key for place in places if isinstance(place, dict) for key in place]
        texts = [*_unknown_keys(row, _CASE_KEYS, ours=ours), *_unknown_keys(place_keys, _PLACE_KEYS, ours=ours)]
        yield from ((number, str(row.get("id", "")), text) for text in texts)


def _unknown_keys(keys: Iterable[str], known: Set[str], *, ours: bool) -> Iterator[str]:
    """Yield a text for each unknown key; for rows that are not ours, only for keys that are nearly a known one."""
    for key in dict.fromkeys(keys):
        near = get_close_matches(key, known, n=1, cutoff=_MISSPELT)
        if key not in known and (ours or near):
            yield f"it has a key “{key}”, which is ignored{f': is “{near[0]}” meant' if near else ''}."
