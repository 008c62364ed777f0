"""A run on disk: its provenance, the gold, a row per question, scores and summary."""

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

_ROW, _SCORES = TypeAdapter(Row), TypeAdapter(CaseScores)


class _HasId(Protocol):
    @property
    def id(self) -> str:
        """The question's id."""
        ...


_T = TypeVar("_T", bound=_HasId)


class RunError(FootnoteError):
    """A run's folder cannot be read or written, or belongs to another run."""

    kind = "bad-run"


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a run depends on: code, settings, model, prompts, index, gold. A run is resumed only where these agree."""

    name: str
    started: str
    """ISO 8601, UTC."""
    footnote: str
    commit: str | None
    """The working tree's commit, ``-dirty`` where it was changed since; None outside git."""
    settings: dict[str, Any]
    """Secrets are masked."""
    model: str
    prompt: str
    """Version and hash of the prompts."""
    encoder: str
    index: str
    """Hash of the index's paths and contents, and of how they were split."""
    gold: str
    """Hash of the questions."""
    gold_file: str
    retrieval_only: bool
    python: str

    def differing(self, other: "Provenance") -> list[str]:
        """Return the fields that differ, of those that answers depend on; dates and machines do not count."""
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
"""The files of a run beside ``run.json``."""


@dataclass(frozen=True)
class JsonLinesLog(Generic[_T]):
    """A file of JSON lines that grows. A last line that was cut short is ignored."""

    file: Path
    adapter: TypeAdapter[_T]

    def read(self) -> dict[str, _T]:
        """Return the last item of each id, in the order of the first. Raises ``RunError``."""
        try:
            lines = self.file.read_bytes().split(b"\n")
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise RunError(f"{self.file} cannot be read: {error.strerror}.") from error
        items = dict[str, _T]()
        for number, line in enumerate(lines[:-1], 1):
            try:
                item = self.adapter.validate_json(line)
            except ValidationError as error:
                raise RunError(f"{self.file}: line {number} is no row of a run.") from error
            items[item.id] = item
        return items

    def append(self, item: _T) -> None:
        """Write the item to disk before returning. Raises ``RunError``."""
        try:
            with self.file.open("ab") as file:
                file.write(self.adapter.dump_json(item) + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise RunError(f"The run cannot be written to {self.file.parent}: {error.strerror}.") from error

    def drop_torn_line(self) -> None:
        """Remove a last line that was cut short, so that the next item starts a line. Raises ``RunError``."""
        try:
            content = self.file.read_bytes() if self.file.exists() else b""
            if content and not content.endswith(b"\n"):  # else a line that another process appends could be lost
                os.truncate(self.file, content.rfind(b"\n") + 1)
        except OSError as error:
            raise RunError(f"{self.file} cannot be read: {error.strerror}.") from error


@dataclass(frozen=True)
class RunFolder:
    """A run's folder: ``run.json``, ``gold.jsonl``, ``rows.jsonl``, and the scores and summary of a finished run."""

    path: Path

    @cached_property
    def provenance(self) -> Provenance:
        """What the run depends on. Raises ``RunError`` where this is no run."""
        try:
            return _FACTS.validate_json((self.path / "run.json").read_bytes())
        except FileNotFoundError as error:
            raise RunError(f"{self.path} is no run of `footnote eval`: it has no run.json.") from error
        except OSError as error:
            raise RunError(f"{self.path}/run.json cannot be read: {error.strerror}.") from error
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            problem = ": ".join([*map(str, first["loc"]), first["msg"]])
            raise RunError(f"{self.path}/run.json cannot be read: {problem}.") from error

    @cached_property
    def cases(self) -> list[GoldCase]:
        """The run's questions. Raises ``GoldError``."""
        return read_gold(self.path / "gold.jsonl")

    @property
    def _log(self) -> JsonLinesLog[Row]:
        return JsonLinesLog(self.path / "rows.jsonl", _ROW)

    def rows(self) -> dict[str, Row]:
        """Return the last row of each question, by its id. Raises ``RunError``."""
        return self._log.read()

    def answered_ids(self) -> set[str]:
        """Return the ids of questions that need not be asked again; those that failed must be."""
        return {row_id for row_id, row in self.rows().items() if row.error is None}

    def scores(self) -> dict[str, CaseScores]:
        """Return the scores by question, in the order of the gold. Raises ``RunError`` where the run is unfinished."""
        file = self.path / "scores.jsonl"
        if not file.exists():
            raise self._unfinished("scores.jsonl")
        scores = JsonLinesLog(file, _SCORES).read()
        lines, questions = file.read_bytes().count(b"\n"), self.read_json("summary.json").get("questions")
        if not (len(scores) == lines == questions):
            raise RunError(f"{file} has {len(scores)} questions in {lines} lines, where summary.json has {questions}.")
        return scores

    def _unfinished(self, name: str) -> RunError:
        return RunError(
            f"{self.path} is no finished run: it has no {name}. `footnote eval … --run {self.path}` resumes it."
        )

    @contextmanager
    def open_exclusively(self, provenance: Provenance, cases: Sequence[GoldCase]) -> Iterator[None]:
        """Create or resume the run as its only process; may be nested.

        Raises ``RunError`` where the folder holds something else, and where another process works on it.
        """
        self._check(provenance, cases)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(blocking=False)
        except filelock.Timeout as error:
            raise RunError(f"Another process works on this run, {self.path}: wait until it ends.") from error
        except OSError as error:
            raise RunError(f"The run cannot be written to {self.path}: {error.strerror}.") from error
        try:
            self.start(provenance, cases)
            yield
        finally:
            self._lock.release()

    def start(self, provenance: Provenance, cases: Sequence[GoldCase]) -> None:
        """Create or resume the run without a lock. Raises ``RunError`` where the folder holds something else."""
        self._check(provenance, cases)
        if (self.path / "run.json").exists():
            self._log.drop_torn_line()
            return
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"The run cannot be written to {self.path}: {error.strerror}.") from error
        self.write("gold.jsonl", write_gold(cases))
        self.write_json("run.json", asdict(provenance))

    @cached_property
    def _lock(self) -> filelock.BaseFileLock:
        return filelock.FileLock(self.path / "run.lock")

    def _check(self, provenance: Provenance, cases: Sequence[GoldCase]) -> None:
        """Raise ``RunError`` unless the run here can be resumed, or nothing here would be overwritten."""
        if not (self.path / "run.json").exists():
            names = [name for name in _FILES if (self.path / name).exists()]
            stopped = names == ["gold.jsonl"] and (self.path / "gold.jsonl").read_bytes() == write_gold(cases).encode()
            if names and not stopped:  # before its run.json was written
                raise RunError(
                    f"{self.path} has {' and '.join(names)}, but no run.json, so it cannot be resumed: "
                    f"give another --run folder."
                )
        elif not (self.path / "gold.jsonl").exists():
            raise RunError(
                f"{self.path} has no gold.jsonl, as a baseline has none: give this run another --run folder."
            )
        elif differing := self.provenance.differing(provenance):
            raise RunError(
                f"{self.path} holds a run with other {' and '.join(differing)}: give this one another --run folder."
            )

    def append(self, row: Row) -> None:
        """Write the row to disk before returning. Raises ``RunError``."""
        self._log.append(row)

    def write_scores(self, scores: Iterable[CaseScores]) -> None:
        """Write ``scores.jsonl``. Raises ``RunError``."""
        self.write("scores.jsonl", "".join(f"{_SCORES.dump_json(item).decode()}\n" for item in scores))

    def read_json(self, name: str) -> Any:
        """Return the content of a JSON file. Raises ``RunError`` where the run is unfinished."""
        try:
            return json.loads((self.path / name).read_bytes())
        except FileNotFoundError as error:
            raise self._unfinished(name) from error
        except (OSError, ValueError) as error:
            raise RunError(f"{self.path / name} cannot be read: {error}.") from error

    def write_json(self, name: str, value: Any) -> None:
        """Write a JSON file, byte-identical for equal values. Raises ``RunError``."""
        self.write(name, json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n")

    def write(self, name: str, text: str) -> None:
        """Write a whole file or none: a kill leaves the old one. Raises ``RunError``."""
        new_file = self.path / f"{name}.new"
        try:
            new_file.write_text(text, encoding="utf-8")
            new_file.replace(self.path / name)
        except OSError as error:
            raise RunError(f"{self.path / name} cannot be written: {error.strerror}.") from error
