"""A grid of settings: every combination of their values, each validated before any work."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from rag.errors import ConfigError
from rag.settings import Settings, load_settings

_SHAPING = ("index.", "embedding.", "reading.")
"""Settings that shape an index. Each of their values needs an index of its own."""


@dataclass(frozen=True, slots=True)
class Combination:
    """Validated ``values`` by key, as ``{"retrieval.limit": 4}``, and the whole settings with them."""

    values: Mapping[str, Any]
    settings: Settings

    @property
    def shape(self) -> dict[str, Any]:
        """The values that shape the index."""
        return {key: value for key, value in self.values.items() if key.startswith(_SHAPING)}

    def __str__(self) -> str:
        return " ".join(f"{key}={value}" for key, value in self.values.items())


def make_grid(config: Path | None, options: Sequence[str]) -> list[Combination]:
    """Return every combination. ``options`` are ``KEY=VALUE,VALUE``.

    Raises ``ConfigError`` that names the key or value that is wrong.
    """
    axes: dict[str, list[str]] = {}
    for option in options:
        key, equals, values = option.partition("=")
        if not equals or "." not in key:
            raise ConfigError(f"{option!r} is not PART.KEY=VALUE,VALUE, as in retrieval.limit=4,8,12.")
        if key.strip() in axes:
            raise ConfigError(f"{key.strip()} is given twice: name all its values in one --set.")
        axes[key.strip()] = [value.strip() for value in values.split(",")]
    if not axes:
        raise ConfigError(
            "There is nothing to sweep: name a setting and its values, as in --set retrieval.limit=4,8,12."
        )
    if "index.dir" in axes:
        raise ConfigError("index.dir cannot be swept: every index that a sweep makes has a folder of its own.")
    grid = []
    for choice in product(*axes.values()):
        settings = load_settings(config, **nest_settings(dict(zip(axes, choice, strict=True))))
        grid.append(Combination({key: _read_value(settings, key) for key in axes}, settings))
    if len(set(map(str, grid))) < len(grid):
        raise ConfigError("Two of the combinations are the same: name each value once.")
    return grid


def _read_value(settings: Settings, key: str) -> Any:
    """Returns the setting as validated and serialised."""
    part, _, name = key.partition(".")
    fields = type(section := getattr(settings, part)).model_fields
    attribute = next((field for field, about in fields.items() if about.alias == name), name)
    if isinstance(getattr(section, attribute), SecretStr):
        raise ConfigError(f"{key} is a secret and cannot be swept: the runs would show it.")
    return section.model_dump(mode="json")[attribute]


def nest_settings(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return ``{"retrieval.limit": 4}`` as the ``{"retrieval": {"limit": 4}}`` that ``load_settings`` takes."""
    parts: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        part, _, name = key.partition(".")
        parts.setdefault(part, {})[name] = value
    return parts
