"""A run on disk: what was configured, the gold, a row a question, and what they come to."""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import filelock
from pydantic import TypeAdapter, ValidationError

from eval.gold.files import read_gold, write_gold
from eval.types import CaseScores, GoldCase, Row
from indexes.errors import FootnoteError

_ROW, _SCORED = TypeAdapter(Row), TypeAdapter(CaseScores)


class _Named(Protocol):
    @property
    def id(self) -> str: ...


_T = TypeVar("_T", bound=_Named)


class RunError(FootnoteError):
    """A run's folder cannot be read or written, or is another run's."""

    kind = "bad-run"


@dataclass(frozen=True, slots=True)
class Provenance:
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

    def differing(self, other: "Provenance") -> list[str]:
        """The names of what differs between them, of what answers depend on; dates and machines do not matter."""
        return [name for name in _IDENTITY if getattr(self, name) != getattr(other, name)]


_IDENTITY = ("footnote", "settings", "model", "prompt", "encoder", "index", "gold", "retrieval_only")

_FACTS = TypeAdapter(Provenance)
_FILES = (
    "gold.jsonl",
    "rows.jsonl",
    "scores.jsonl",
    "summary.json",
    "timings.json",
    "judgements.jsonl",
    "checks.jsonl",
)
"""Of a run, beside its ``run.json``."""


@dataclass(frozen=True)
class JsonLinesLog(Generic[_T]):
    """A file of JSON lines that grows. A line that a kill cut short is passed over."""

    file: Path
    adapter: TypeAdapter[_T]

    def read(self) -> dict[str, _T]:
        """The last of each id, in the order of the first."""
        try:
            lines = self.file.read_bytes().split(b"\n")
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise RunError(f"{self.file} cannot be read: {error.strerror}.") from error
        return {one.id: one for number, line in enumerate(lines[:-1], 1) for one in [self._read(line, number)]}

    def _read(self, line: bytes, number: int) -> _T:
        try:
            return self.adapter.validate_json(line)
        except ValidationError as error:
            raise RunError(f"{self.file}: line {number} is no row of a run.") from error

    def append(self, one: _T) -> None:
        """On disk when this returns."""
        try:
            with self.file.open("ab") as file:
                file.write(self.adapter.dump_json(one) + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise RunError(f"The run cannot be written to {self.file.parent}: {error.strerror}.") from error

    def drop_torn_line(self) -> None:
        """Or what is appended next would stand on the same line."""
        try:
            written = self.file.read_bytes() if self.file.exists() else b""
            if written and not written.endswith(b"\n"):  # else what another process appends meanwhile would go too
                os.truncate(self.file, written.rfind(b"\n") + 1)
        except OSError as error:
            raise RunError(f"{self.file} cannot be read: {error.strerror}.") from error


@dataclass(frozen=True)
class RunFolder:
    """``run.json``, ``gold.jsonl``, ``rows.jsonl`` while it runs; then ``scores.jsonl``, ``summary.json``."""

    path: Path

    @cached_property
    def provenance(self) -> Provenance:
        """Raises ``RunError`` where this is no run."""
        try:
            return _FACTS.validate_json((self.path / "run.json").read_bytes())
        except FileNotFoundError as error:
            raise RunError(f"{self.path} is no run of `footnote eval`: it has no run.json.") from error
        except OSError as error:
            raise RunError(f"{self.path}/run.json cannot be read: {error.strerror}.") from error
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            told = (f"{self.path}/run.json cannot be read", *map(str, first["loc"]), first["msg"])
            raise RunError(f"{': '.join(told)}.") from error

    @cached_property
    def cases(self) -> list[GoldCase]:
        return read_gold(self.path / "gold.jsonl")

    @property
    def _log(self) -> JsonLinesLog[Row]:
        return JsonLinesLog(self.path / "rows.jsonl", _ROW)

    def rows(self) -> dict[str, Row]:
        """The last of each question."""
        return self._log.read()

    def answered_ids(self) -> set[str]:
        """The ids of what need not be asked again: what failed must be."""
        return {known for known, row in self.rows().items() if row.error is None}

    def scores(self) -> dict[str, CaseScores]:
        """By question, in the order of the gold. Raises ``RunError`` where it is not finished, or lacks a part."""
        file = self.path / "scores.jsonl"
        if not file.exists():
            raise self._unfinished("scores.jsonl")
        scored = JsonLinesLog(file, _SCORED).read()
        lines, told = file.read_bytes().count(b"\n"), self.read_json("summary.json").get("questions")
        if not (len(scored) == lines == told):
            raise RunError(f"{file} has {len(scored)} questions in {lines} lines, where summary.json has {told}.")
        return scored

    def _unfinished(self, name: str) -> RunError:
        return RunError(
            f"{self.path} is no finished run: it has no {name}. `footnote eval … --run {self.path}` goes on with it."
        )

    @contextmanager
    def open_exclusively(self, facts: Provenance, cases: Sequence[GoldCase]) -> Iterator[None]:
        """Makes the folder, or goes on in it, as the only process that does; may be nested.

        Raises ``RunError`` where it holds another run or no run, and where another process is at this one.
        """
        self._check(facts, cases)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(blocking=False)
        except filelock.Timeout as error:
            raise RunError(f"Another process is at this run, {self.path}: let it end first.") from error
        except OSError as error:
            raise RunError(f"The run cannot be written to {self.path}: {error.strerror}.") from error
        try:
            self.start(facts, cases)
            yield
        finally:
            self._lock.release()

    def start(self, facts: Provenance, cases: Sequence[GoldCase]) -> None:
        """As ``open_exclusively``, for one that is alone."""
        self._check(facts, cases)
        if (self.path / "run.json").exists():
            self._log.drop_torn_line()
            return
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"The run cannot be written to {self.path}: {error.strerror}.") from error
        self.write("gold.jsonl", write_gold(cases))
        self.write_json("run.json", asdict(facts))

    @cached_property
    def _lock(self) -> filelock.BaseFileLock:
        return filelock.FileLock(self.path / "run.lock")

    def _check(self, facts: Provenance, cases: Sequence[GoldCase]) -> None:
        """That what is here may be gone on with, and nothing of the user's is written over."""
        if not (self.path / "run.json").exists():
            self._check_empty(cases)
        elif not (self.path / "gold.jsonl").exists():
            raise RunError(
                f"{self.path} has no gold.jsonl, as a baseline has none: give this run another --run folder."
            )
        elif differing := self.provenance.differing(facts):
            raise RunError(
                f"{self.path} holds a run with other {' and '.join(differing)}: give this one another --run folder."
            )

    def _check_empty(self, cases: Sequence[GoldCase]) -> None:
        there = [name for name in _FILES if (self.path / name).exists()]
        stopped = there == ["gold.jsonl"] and (self.path / "gold.jsonl").read_bytes() == write_gold(cases).encode()
        if there and not stopped:  # before its run.json was written
            raise RunError(
                f"{self.path} has {' and '.join(there)}, but no run.json, so it is no run to go on with: "
                f"give another --run folder."
            )

    def append(self, row: Row) -> None:
        """On disk when this returns."""
        self._log.append(row)

    def write_scores(self, scored: Iterable[CaseScores]) -> None:
        self.write("scores.jsonl", "".join(f"{_SCORED.dump_json(one).decode()}\n" for one in scored))

    def read_json(self, name: str) -> Any:
        """Raises ``RunError`` where the run was not finished."""
        try:
            return json.loads((self.path / name).read_bytes())
        except FileNotFoundError as error:
            raise self._unfinished(name) from error
        except (OSError, ValueError) as error:
            raise RunError(f"{self.path / name} cannot be read: {error}.") from error

    def write_json(self, name: str, value: Any) -> None:
        """Byte-identical for equal values."""
        self.write(name, _json(value))

    def write(self, name: str, text: str) -> None:
        """A whole file or none: a kill leaves the one before. Raises ``RunError``."""
        beside = self.path / f"{name}.new"
        try:
            beside.write_text(text, encoding="utf-8")
            beside.replace(self.path / name)
        except OSError as error:
            raise RunError(f"{self.path / name} cannot be written: {error.strerror}.") from error


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
