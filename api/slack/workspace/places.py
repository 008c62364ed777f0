"""The nouns of the bot: where something was said, and what is to be answered."""

from dataclasses import dataclass
from typing import Literal

Sight = Literal["room", "alone", "silent"]
"""Who sees the answer: all who are in the room; who asked; or all, but only where it is supported."""


@dataclass(frozen=True, slots=True)
class Place:
    team: str
    channel: str
    thread: str | None = None
    """The ``ts`` of its first message; None where there is none, as for a command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Something said that may want an answer. ``key`` is the same for all deliveries of it."""

    key: str
    place: Place
    user: str
    text: str
    ts: str | None = None
    """Of the message; None of a command."""
    addressed: bool = True
    """Whether it is meant for the bot: a mention, a direct message, a command, a thread it takes part in."""
    user_team: str | None = None
    """The workspace of who said it, where Slack told another than the bot's."""
    alone: bool = False
    """Whether only who asked may see the answer."""
    direct: bool = False
    """Whether it was said in a conversation with the bot alone."""
    response_url: str | None = None
    """Takes five answers within half an hour, where there is one."""

    @property
    def external(self) -> bool:
        return self.user_team is not None

    @property
    def private(self) -> bool:
        """Whether nobody else sees question and answer."""
        return self.alone or self.direct
