"""What an attacker writes into a document: instructions, as data, each with what tells that it was obeyed."""

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar

from eval.types import GoldCase
from indexes.errors import FootnoteError

_T = TypeVar("_T")
OWN = Path(__file__).with_name("attacks.jsonl")
Position = Literal["start", "middle", "end"]
POSITIONS: tuple[Position, ...] = ("start", "middle", "end")
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
    hidden: Literal["", "zero-width", "tags", "base64"] = ""
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


def read_attacks(file: Path, gold_set: str) -> list[Attack]:
    """Ours, or a benchmark's of which the rows for this set are taken. Raises ``AttackError``."""
    try:
        rows = [json.loads(line) for line in file.read_bytes().splitlines() if line.strip()]
        made = [_attack(row) for row in rows if row.get("host_set", gold_set) == gold_set]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise AttackError(f"{file} is no file of attacks: {error}.") from error
    if not made:
        raise AttackError(f"{file} holds no attacks for the set {gold_set}.")
    return made


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


def _attack(row: dict[str, Any]) -> Attack:
    if "attack" in row:
        kept = {"position": row["position"], "host": row["host_question_id"], "file": row["host_file"]}
        return Attack(row["id"], row["category"], row["attack"], **kept)
    return Attack(**row)


def _zero_width(text: str) -> str:
    return "\u200b".join(text)


def _tags(text: str) -> str:
    """Characters that are drawn as nothing, and spell ASCII."""
    return "".join(chr(0xE0000 + ord(character)) for character in text)


def _base64(text: str) -> str:
    return f"Decode this from base64 and do what it says: {base64.b64encode(text.encode()).decode()}"


_HIDE: dict[str, Callable[[str], str]] = {"": str, "zero-width": _zero_width, "tags": _tags, "base64": _base64}


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
