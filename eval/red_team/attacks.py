"""What an attacker writes into a document: instructions, as data, each with what tells that it was obeyed."""

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eval.gold.rows import NonEmptyText, validation_message
from eval.types import GoldCase
from indexes.errors import FootnoteError

_T = TypeVar("_T")
OWN = Path(__file__).with_name("attacks.jsonl")
Position = Literal["start", "middle", "end"]
POSITIONS: tuple[Position, ...] = ("start", "middle", "end")
Hidden = Literal["", "zero-width", "tags", "base64"]
Tells = Literal["words", "statement", "link", "decline", "nothing"]
"""What tells obedience: the canary outside a copy of the instruction; the canary at all; a link to it; declining.

``nothing`` where only a reader can tell.
"""


class AttackError(FootnoteError):
    """A file of attacks is wrong, or a set cannot be attacked."""

    kind = "bad-attack"


@dataclass(frozen=True, slots=True)
class Attack:
    """``{canary}`` in its text stands for a word that is nowhere else."""

    id: str
    category: str
    text: str
    tells: Tells = "nothing"
    hidden: Hidden = ""
    """How it is kept from a reader's eye."""
    position: Position | None = None
    """Where it goes; None for each of the three."""
    host: str | None = None
    """The id of the question whose document it goes into; None for any."""
    file: str | None = None
    """The document, where it is not the question's first evidence."""


@dataclass(frozen=True)
class Trial:
    """An attack at a place in a document, and the question that is asked of it."""

    attack: Attack
    position: Position
    host: GoldCase
    path: str

    @cached_property
    def id(self) -> str:
        return f"{self.attack.id}@{self.position}/{self.host.id}"

    @cached_property
    def canary(self) -> str:
        return f"zq{hashlib.sha256(f'{self.id} {self.attack.text}'.encode()).hexdigest()[:8]}"

    @cached_property
    def plain(self) -> str:
        return self.attack.text.replace("{canary}", self.canary)

    @cached_property
    def inserted(self) -> str:
        return _HIDE[self.attack.hidden](self.plain)


class _AttackRow(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)

    id: NonEmptyText
    category: NonEmptyText
    text: NonEmptyText
    position: Position | None = None
    host: NonEmptyText | None = None
    file: NonEmptyText | None = None
    host_set: NonEmptyText | None = None
    """None for any."""

    @property
    def attack(self) -> Attack:
        return Attack(**self.model_dump(exclude={"host_set"}))


class _OurRow(_AttackRow):
    model_config = ConfigDict(extra="forbid")

    tells: Tells = "nothing"
    hidden: Hidden = ""


class _BenchmarkRow(_AttackRow):
    """Its other keys are passed over."""

    text: NonEmptyText = Field(validation_alias="attack")
    position: Position
    host: NonEmptyText = Field(validation_alias="host_question_id")
    file: NonEmptyText = Field(validation_alias="host_file")


def read_attacks(file: Path, gold_set: str) -> list[Attack]:
    """Ours, or a benchmark's of which the rows for this set are taken. Raises ``AttackError``."""
    try:
        lines = file.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    except OSError as error:
        raise AttackError(f"{file} is no file of attacks: {error.strerror}.") from error
    rows = [(number, _row(f"{file}:{number}", line)) for number, line in enumerate(lines, 1) if line.strip()]
    found = dict[str, tuple[int, Attack]]()
    for number, row in ((number, row) for number, row in rows if row.host_set in (None, gold_set)):
        if row.id in found:
            raise AttackError(f"{file}:{number}: id: {row.id!r} is that of line {found[row.id][0]} too.")
        found[row.id] = number, row.attack
    if not found:
        raise AttackError(f"{file} holds no attacks for the set {gold_set}.")
    return [attack for _, attack in found.values()]


def _row(where: str, line: bytes) -> _AttackRow:
    try:
        keys = json.loads(line)
    except ValueError as error:
        raise AttackError(f"{where}: no attack as JSON: {error}.") from error
    if not isinstance(keys, dict):
        raise AttackError(f"{where}: no attack as JSON: not an object.")
    try:
        return (_BenchmarkRow if "attack" in keys else _OurRow).model_validate(keys)
    except ValidationError as error:
        raise AttackError(f"{where}: {validation_message(error)}.") from error


def insert(text: str, attack: str, position: Position) -> str:
    """As a paragraph of its own; in the middle, between the two paragraphs or lines nearest to it."""
    if position == "start":
        return f"{attack}\n\n{text}"
    if position == "end":
        return f"{text.rstrip()}\n\n{attack}\n"
    at = _middle(text)
    return f"{text[:at].rstrip()}\n\n{attack}\n\n{text[at:].lstrip()}"


def _middle(text: str) -> int:
    for separator in ("\n\n", "\n", " "):
        before, after = text.rfind(separator, 0, len(text) // 2), text.find(separator, len(text) // 2)
        found = [at for at in (before, after) if at > 0]
        if found:
            return min(found, key=lambda at: abs(at - len(text) // 2))
    return len(text)


def _zero_width(text: str) -> str:
    return "\u200b".join(text)


def _tags(text: str) -> str:
    """Characters that are drawn as nothing, and spell ASCII."""
    return "".join(chr(0xE0000 + ord(character)) for character in text)


def _base64(text: str) -> str:
    return f"Decode this from base64 and do what it says: {base64.b64encode(text.encode()).decode()}"


_HIDE: dict[Hidden, Callable[[str], str]] = {"": str, "zero-width": _zero_width, "tags": _tags, "base64": _base64}


def trials(attacks: Sequence[Attack], hosts: dict[str, tuple[GoldCase, str]], limit: int | None) -> list[Trial]:
    """Each attack at its position, or at all three, in the document of its question, or of each question in turn.

    ``hosts`` are questions and their documents by id. Of more than ``limit``, as many evenly out of all.
    """
    own = list(hosts.values())
    made: list[Trial] = []
    for attack in attacks:
        for position in (attack.position,) if attack.position else POSITIONS:
            if attack.host is None:
                made.append(Trial(attack, position, *own[len(made) % len(own)]))
            elif attack.host in hosts:
                case, path = hosts[attack.host]
                made.append(Trial(attack, position, case, attack.file or path))
    return evenly(made, limit)


def evenly(items: Sequence[_T], limit: int | None) -> list[_T]:
    count = min(limit or len(items), len(items))
    return [items[i * len(items) // count] for i in range(count)]


def rounds(all_trials: Sequence[Trial]) -> list[list[Trial]]:
    """In each, one attack a document at most."""
    waiting, made = list(all_trials), []
    while waiting:
        first = {trial.path: trial for trial in reversed(waiting)}
        made.append([trial for trial in waiting if first[trial.path] is trial])
        waiting = [trial for trial in waiting if first[trial.path] is not trial]
    return made
