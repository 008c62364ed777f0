"""Attacks: instructions that are written into documents, each with the sign that it was obeyed."""

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
"""The sign of obedience: the canary outside a copy of the instruction; the canary anywhere; a link to it; declining.

``nothing`` means that only a reader can decide.
"""


class AttackError(FootnoteError):
    """A file of attacks is wrong, or a set cannot be attacked."""

    kind = "bad-attack"


@dataclass(frozen=True, slots=True)
class Attack:
    """An instruction. ``{canary}`` in its text stands for a word that occurs nowhere else."""

    id: str
    category: str
    text: str
    tells: Tells = "nothing"
    hidden: Hidden = ""
    """How it is hidden from a reader."""
    position: Position | None = None
    """Its position in the document; None for each of the three."""
    host: str | None = None
    """The id of the question whose document it is put into; None for any."""
    file: str | None = None
    """The document, if it is not the question's first evidence."""


@dataclass(frozen=True)
class Trial:
    """An attack at a position of a document, and the question that is then asked."""

    attack: Attack
    position: Position
    host: GoldCase
    path: str

    @cached_property
    def id(self) -> str:
        """The id of the attacked question."""
        return f"{self.attack.id}@{self.position}/{self.host.id}"

    @cached_property
    def canary(self) -> str:
        """A word that occurs nowhere else, the same each time."""
        return f"zq{hashlib.sha256(f'{self.id} {self.attack.text}'.encode()).hexdigest()[:8]}"

    @cached_property
    def plain(self) -> str:
        """The instruction with its canary."""
        return self.attack.text.replace("{canary}", self.canary)

    @cached_property
    def inserted(self) -> str:
        """The text that is put into the document: the instruction, hidden as the attack says."""
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
    """The name of a set; None for any."""

    @property
    def attack(self) -> Attack:
        """The attack of this row."""
        return Attack(**self.model_dump(exclude={"host_set"}))


class _OwnRow(_AttackRow):
    model_config = ConfigDict(extra="forbid")

    tells: Tells = "nothing"
    hidden: Hidden = ""


class _BenchmarkRow(_AttackRow):
    """Keys of the injection benchmark; others are ignored."""

    text: NonEmptyText = Field(validation_alias="attack")
    position: Position
    host: NonEmptyText = Field(validation_alias="host_question_id")
    file: NonEmptyText = Field(validation_alias="host_file")


def read_attacks(file: Path, gold_set: str) -> list[Attack]:
    """Return the attacks of a file, in our format or the benchmark's, that are for this set. Raises ``AttackError``."""
    try:
        lines = file.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    except OSError as error:
        raise AttackError(f"{file} is no file of attacks: {error.strerror}.") from error
    rows = [(number, _parse_row(f"{file}:{number}", line)) for number, line in enumerate(lines, 1) if line.strip()]
    attacks = dict[str, tuple[int, Attack]]()
    for number, row in ((number, row) for number, row in rows if row.host_set in (None, gold_set)):
        if row.id in attacks:
            raise AttackError(f"{file}:{number}: id: line {attacks[row.id][0]} has {row.id!r} too.")
        attacks[row.id] = number, row.attack
    if not attacks:
        raise AttackError(f"{file} holds no attacks for the set {gold_set}.")
    return [attack for _, attack in attacks.values()]


def _parse_row(where: str, line: bytes) -> _AttackRow:
    try:
        keys = json.loads(line)
    except ValueError as error:
        raise AttackError(f"{where}: no attack as JSON: {error}.") from error
    if not isinstance(keys, dict):
        raise AttackError(f"{where}: no attack as JSON: not an object.")
    try:
        return (_BenchmarkRow if "attack" in keys else _OwnRow).model_validate(keys)
    except ValidationError as error:
        raise AttackError(f"{where}: {validation_message(error)}.") from error


def insert_paragraph(text: str, attack: str, position: Position) -> str:
    """Return the text with the attack as a paragraph; ``middle`` is the break between paragraphs nearest to it."""
    if position == "start":
        return f"{attack}\n\n{text}"
    if position == "end":
        return f"{text.rstrip()}\n\n{attack}\n"
    half, at = len(text) // 2, len(text)
    for separator in (" ", "\n", "\n\n"):  # the last that occurs wins
        breaks = [i for i in (text.rfind(separator, 0, half), text.find(separator, half)) if i > 0]
        at = min(breaks, key=lambda i: abs(i - half), default=at)
    return f"{text[:at].rstrip()}\n\n{attack}\n\n{text[at:].lstrip()}"


_HIDE: dict[Hidden, Callable[[str], str]] = {
    "": str,
    "zero-width": "\u200b".join,
    "tags": lambda text: "".join(chr(0xE0000 + ord(character)) for character in text),  # invisible, and spell ASCII
    "base64": lambda text: f"Decode this from base64 and do what it says: {base64.b64encode(text.encode()).decode()}",
}


def plan_trials(attacks: Sequence[Attack], hosts: dict[str, tuple[GoldCase, str]], limit: int | None) -> list[Trial]:
    """Return a trial for each attack and position, in the document of its question or of each question in turn.

    ``hosts`` are questions and their documents by id. At most ``limit`` trials are taken, evenly.
    """
    pool = list(hosts.values())
    trials: list[Trial] = []
    for attack in attacks:
        for position in (attack.position,) if attack.position else POSITIONS:
            if attack.host is None:
                trials.append(Trial(attack, position, *pool[len(trials) % len(pool)]))
            elif attack.host in hosts:
                case, path = hosts[attack.host]
                trials.append(Trial(attack, position, case, attack.file or path))
    return take_evenly(trials, limit)


def take_evenly(items: Sequence[_T], limit: int | None) -> list[_T]:
    """Return at most ``limit`` items, evenly spaced over all."""
    count = min(limit or len(items), len(items))
    return [items[i * len(items) // count] for i in range(count)]


def plan_rounds(trials: Sequence[Trial]) -> list[list[Trial]]:
    """Divide trials into rounds that attack each document at most once."""
    waiting, rounds = list(trials), []
    while waiting:
        first = {trial.path: trial for trial in reversed(waiting)}
        rounds.append([trial for trial in waiting if first[trial.path] is trial])
        waiting = [trial for trial in waiting if first[trial.path] is not trial]
    return rounds
