"""A run on disk: what was configured, the gold, a row a question, and what they come to."""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from eval.gold import read_gold, write_gold
from eval.types import GoldCase, Row, Scored
from indexes.errors import FootnoteError

_ROW, _SCORED = TypeAdapter(Row), TypeAdapter(Scored)


_T = TypeVar("_T")


class RunError(FootnoteError):
    """A run's folder cannot be read or written, or is another run's."""

    kind = "bad-run"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a run was made of. Two runs are one that stopped and went on where nothing is ``differing``."""

    name: str
    started: str
    """ISO 8601, UTC."""
    footnote: str
    commit: str | None
    """Of the working tree, where it is one of git's; ends in ``-dirty`` where it was changed since."""
    settings: dict[str, Any]
    """Secrets are masked."""
    model: str
    prompt: str
    """Version and hash of every word that is sent to the model."""
    encoder: str
    index: str
    """Hash of the index's paths and contents, and how they were split."""
    gold: str
    """Hash of the questions asked."""
    gold_file: str
    retrieval_only: bool
    python: str

    def differing(self, other: "Facts") -> list[str]:
        """The names of what differs between them, of what answers depend on; dates and machines do not matter."""
        return [name for name in _IDENTITY if getattr(self, name) != getattr(other, name)]


_IDENTITY = ("settings", "model", "prompt", "encoder", "index", "gold", "retrieval_only")


@dataclass(frozen=True)
class RunFolder:
    """``run.json``, ``gold.jsonl``, ``rows.jsonl`` while it runs; then ``scores.jsonl``, ``summary.json``."""

    path: Path

    @cached_property
    def facts(self) -> Facts:
        """Raises ``RunError`` where this is no run."""
        try:
            return Facts(**json.loads((self.path / "run.json").read_bytes()))
        except FileNotFoundError as error:
            raise RunError(f"{self.path} is no run of `footnote eval`: it has no run.json.") from error
        except (OSError, ValueError, TypeError) as error:
            raise RunError(f"{self.path}/run.json cannot be read: {error}.") from error

    @cached_property
    def cases(self) -> list[GoldCase]:
        return read_gold(self.path / "gold.jsonl")

    def rows(self) -> dict[str, Row]:
        """The last of each question. A line that a kill cut short is passed over."""
        try:
            lines = (self.path / "rows.jsonl").read_bytes().split(b"\n")
        except FileNotFoundError:
            return {}
        return {row.id: row for number, line in enumerate(lines[:-1], 1) for row in [self._read(_ROW, line, number)]}

    def scored(self) -> dict[str, Scored]:
        """By question, in the order of the gold. Raises ``RunError`` where the run was not finished."""
        file = self.path / "scores.jsonl"
        if not file.exists():
            raise RunError(f"{self.path} is no finished run: it has no scores.jsonl.")
        lines = enumerate(file.read_bytes().splitlines(), 1)
        return {scored.id: scored for number, line in lines for scored in [self._read(_SCORED, line, number)]}

    def _read(self, adapter: TypeAdapter[_T], line: bytes, number: int) -> _T:
        try:
            return adapter.validate_json(line)
        except ValidationError as error:
            raise RunError(f"{self.path}: line {number} is no row of a run.") from error

    def begin(self, facts: Facts, cases: Sequence[GoldCase]) -> None:
        """Makes the folder, or goes on in it. Raises ``RunError`` where it holds another run."""
        if (self.path / "run.json").exists():
            if differing := self.facts.differing(facts):
                raise RunError(
                    f"{self.path} holds a run with other {' and '.join(differing)}: give this one another --run folder."
                )
            self._drop_torn_line()
            return
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.write("gold.jsonl", write_gold(cases))
            self.write_json("run.json", asdict(facts))
        except OSError as error:
            raise RunError(f"The run cannot be written to {self.path}: {error.strerror}.") from error

    def append(self, row: Row) -> None:
        """On disk when this returns."""
        try:
            with (self.path / "rows.jsonl").open("ab") as file:
                file.write(_ROW.dump_json(row) + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise RunError(f"The run cannot be written to {self.path}: {error.strerror}.") from error

    def write_scores(self, scored: Iterable[Scored]) -> None:
        self.write("scores.jsonl", "".join(f"{_SCORED.dump_json(one).decode()}\n" for one in scored))

    def read_json(self, name: str) -> Any:
        """Raises ``RunError`` where the run was not finished."""
        try:
            return json.loads((self.path / name).read_bytes())
        except FileNotFoundError as error:
            raise RunError(f"{self.path} is no finished run: it has no {name}.") from error

    def write_json(self, name: str, value: Any) -> None:
        """Byte-identical for equal values."""
        self.write(name, _json(value))

    def write(self, name: str, text: str) -> None:
        """A whole file or none: a kill leaves the one before."""
        beside = self.path / f"{name}.new"
        beside.write_text(text, encoding="utf-8")
        beside.replace(self.path / name)

    def _drop_torn_line(self) -> None:
        file = self.path / "rows.jsonl"
        if file.exists():
            whole = file.read_bytes().rpartition(b"\n")
            os.truncate(file, len(whole[0]) + len(whole[1]))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
