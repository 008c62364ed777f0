"""A run whose every text would be markup, script or a template, if it were taken for one."""

from collections.abc import Sequence
from dataclasses import asdict, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from eval.runs.folder import RunFolder
from eval.types import GoldCase, Row
from fakes.runs import facts, finished

HOSTILE = "</script><script>alert(1)</script>\"><img src=x onerror='alert(2)'><!--\u2028{{ 7 * 7 }} $x_1$"
_KEPT = ("id", "status", "verdict", "role")


def spoilt(value: Any) -> Any:
    """The same with hostile text for every text that is a person's or a model's."""
    if isinstance(value, str):
        return HOSTILE
    if isinstance(value, dict):
        return {HOSTILE if isinstance(key, str) else key: spoilt(part) for key, part in value.items()}
    if isinstance(value, tuple):
        return tuple(map(spoilt, value))
    if is_dataclass(value) and not isinstance(value, type):
        parts = {part.name: getattr(value, part.name) for part in fields(value)}
        return replace(value, **{name: part if name in _KEPT else spoilt(part) for name, part in parts.items()})
    return value


def hostile(path: Path, cases: Sequence[GoldCase], rows: Sequence[Row]) -> RunFolder:
    ids = [f"{HOSTILE}{number}" for number in range(len(cases))]
    spoilt_cases = [replace(spoilt(one), id=id_) for one, id_ in zip(cases, ids, strict=True)]
    spoilt_rows = [replace(spoilt(one), id=id_) for one, id_ in zip(rows, ids, strict=True)]
    return finished(path, spoilt_cases, spoilt_rows, **asdict(spoilt(facts())))
