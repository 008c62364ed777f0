"""Every combination of the values that settings are to take, each checked before any work."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from rag.errors import ConfigError
from rag.settings import Settings, load_settings

_SHAPING = ("index.", "embedding.", "reading.")
"""Settings that decide what an index holds: each value needs an index of its own."""


@dataclass(frozen=True, slots=True)
class Combination:
    """``values`` by key, as the settings have read them: ``{"retrieval.limit": 4}``."""

    values: Mapping[str, Any]
    settings: Settings

    @property
    def shape(self) -> dict[str, Any]:
        """Those of the values that an index is made by."""
        return {key: value for key, value in self.values.items() if key.startswith(_SHAPING)}

    def __str__(self) -> str:
        return " ".join(f"{key}={value}" for key, value in self.values.items())


def combinations(config: Path | None, options: Sequence[str]) -> list[Combination]:
    """``options`` are ``KEY=VALUE,VALUE``. Raises ``ConfigError`` that names a key or value that is wrong."""
    axes: dict[str, list[str]] = {}
    for key, values in map(_axis, options):
        if key in axes:
            raise ConfigError(f"{key} is given twice: name all its values in one --set.")
        axes[key] = values
    if not axes:
        raise ConfigError("Nothing to sweep: name a setting and its values, as in --set retrieval.limit=4,8,12.")
    if "index.dir" in axes:
        raise ConfigError("index.dir is not swept: each value of what shapes an index has a folder of its own.")
    made = [_combination(config, dict(zip(axes, chosen, strict=True))) for chosen in product(*axes.values())]
    if len({str(one) for one in made}) < len(made):
        raise ConfigError("Two of the combinations are the same: name each value once.")
    return made


def _axis(option: str) -> tuple[str, list[str]]:
    key, equals, values = option.partition("=")
    if not equals or "." not in key:
        raise ConfigError(f"{option!r} is not PART.KEY=VALUE,VALUE, as in retrieval.limit=4,8,12.")
    return key.strip(), [value.strip() for value in values.split(",")]


def _combination(config: Path | None, chosen: Mapping[str, str]) -> Combination:
    settings = load_settings(config, **nested(chosen))
    return Combination({key: _read(settings, key) for key in chosen}, settings)


def _read(settings: Settings, key: str) -> Any:
    part, _, name = key.partition(".")
    fields = type(section := getattr(settings, part)).model_fields
    attribute = next((field for field, about in fields.items() if about.alias == name), name)
    if isinstance(getattr(section, attribute), SecretStr):
        raise ConfigError(f"{key} is a secret, and not swept: it would be written into the runs.")
    return section.model_dump(mode="json")[attribute]


def nested(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """``{"retrieval.limit": 4}`` as ``load_settings`` takes it."""
    parts: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        part, _, name = key.partition(".")
        parts.setdefault(part, {})[name] = value
    return parts
