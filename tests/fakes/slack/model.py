"""What a Slack workspace is made of, and what the fake remembers of what was sent to it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]
Kind = Literal["public", "private", "im", "mpim"]
READABLE = ("text", "title", "alt_text", "url")
StreamState = Literal["streaming", "stopped", "stopped_by_user", "expired"]


class SlackError(Exception):
    """What a method answers with ``ok: false``.

    ``extra`` are further fields of the answer; ``messages`` say what was wrong where, as Slack's
    ``response_metadata.messages`` do.
    """

    def __init__(self, error: str, messages: list[str] | None = None, **extra: object) -> None:
        super().__init__(error)
        self.error = error
        self.extra: Json = dict(extra)
        if messages:
            self.extra |= {"errors": messages, "response_metadata": {"messages": messages}}

    @property
    def body(self) -> Json:
        """The error as Slack's JSON."""
        return {"ok": False, "error": self.error, **self.extra}


@dataclass
class Team:
    id: str
    name: str

    @property
    def domain(self) -> str:
        """The name in lower case, as in addresses."""
        return self.name.lower().replace(" ", "-")


@dataclass
class User:
    """A person or a bot. ``restricted`` is a guest; a user of another team is a Connect stranger."""

    id: str
    team: str
    name: str
    email: str | None = None
    restricted: bool = False
    ultra_restricted: bool = False
    deleted: bool = False
    bot_id: str | None = None
    locale: str = "en-US"

    @property
    def mention(self) -> str:
        """The mention in a message."""
        return f"<@{self.id}>"


@dataclass
class Stream:
    """A message that is being streamed. ``mode`` is fixed by what first carried content."""

    started: float
    recipient_user: str | None
    recipient_team: str | None
    mode: Literal["markdown_text", "chunks"] | None = None
    state: StreamState = "streaming"
    tasks: dict[str, Json] = field(default_factory=dict)
    plan: str | None = None
    appended: list[float] = field(default_factory=list)
    """``time.monotonic()`` of each call that carried content."""


@dataclass
class Message:
    """A message as it stands now; ``ephemeral_for`` is the one user who sees it."""

    ts: str
    channel: str
    user: str
    text: str = ""
    blocks: list[Json] = field(default_factory=list)
    thread_ts: str | None = None
    bot_id: str | None = None
    app_id: str | None = None
    subtype: str | None = None
    metadata: Json | None = None
    edited: str | None = None
    deleted: bool = False
    ephemeral_for: str | None = None
    stream: Stream | None = None
    reactions: dict[str, set[str]] = field(default_factory=dict)
    versions: list[str] = field(default_factory=list)
    """Its texts before each change, oldest first."""

    @property
    def streaming(self) -> bool:
        """Whether its stream is open."""
        return self.stream is not None and self.stream.state == "streaming"

    @property
    def root(self) -> str:
        """The ts of the thread it is in, or would start."""
        return self.thread_ts or self.ts

    @property
    def content(self) -> str:
        """All that can be read in it: its text and every string of its blocks, a line each."""
        return "\n".join([self.text, *texts(self.blocks)])


@dataclass
class Channel:
    """A conversation. ``teams`` are those it is shared with beside its own (Slack Connect)."""

    id: str
    team: str
    name: str
    kind: Kind
    members: set[str] = field(default_factory=set)
    teams: set[str] = field(default_factory=set)
    archived: bool = False
    messages: dict[str, Message] = field(default_factory=dict)
    ephemerals: dict[str, Message] = field(default_factory=dict)

    @property
    def shared(self) -> bool:
        """Whether other workspaces are in it."""
        return bool(self.teams)


@dataclass
class Group:
    """A user group."""

    id: str
    team: str
    handle: str
    users: list[str]
    enabled: bool = True


@dataclass
class View:
    """A modal or a home tab, as its user sees it."""

    id: str
    team: str
    user: str
    body: Json
    hash: str
    open: bool = True

    @property
    def content(self) -> str:
        """All its text."""
        return "\n".join(texts(self.body))


@dataclass
class Session:
    """An agent session in a thread: ``processing`` shows the stop button."""

    status: str
    title: str | None = None


@dataclass
class Installation:
    """The app in a workspace: its bot, its token and what the token may do."""

    team: Team
    bot: User
    token: str
    scopes: list[str]
    installed_by: str
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong around a call, in place of an error that Slack would tell.

    ``status`` is answered in place of the method's being run (503, for one). With ``cut`` the method is run, and its
    answer never arrives: the connection breaks. ``delay`` seconds pass before either, or before an ordinary answer.
    """

    status: int | None = None
    cut: bool = False
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Outbound:
    """One thing the app sent: a method called, a response_url posted to, or an acknowledgement with a body.

    ``readers`` are the ids of the users who can see what it carried; empty where nobody can, or it was refused.
    """

    method: str
    args: Json
    answer: Json
    status: int
    readers: frozenset[str] = frozenset()
    at: float = field(default_factory=time.monotonic)

    @property
    def ok(self) -> bool:
        """Whether Slack took it."""
        return bool(self.answer.get("ok"))

    @property
    def content(self) -> str:
        """Every string it carried, a line each: where a canary is looked for."""
        return "\n".join(texts(self.args))


def texts(value: object) -> Iterator[str]:
    """Every string within ``value``, in order, the keys of objects not among them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts(inner)


def readable(value: Any) -> Iterator[str]:
    """The strings of blocks that are shown: texts, titles, links."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, str) and name in READABLE:
                yield inner
            else:
                yield from readable(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from readable(inner)
