"""What the parts of the fake share, and one call of a method in it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from fakes.slack.limits import Limits
from fakes.slack.model import Channel, Fault, Installation, Json, Message, Outbound, SlackError, View
from fakes.slack.settings import Settings
from fakes.slack.state import State


class Post(Protocol):
    """Takes an event of Slack's to the app that is installed in a workspace."""

    def __call__(self, installation: Installation, event: Json, channel: Channel | None = None) -> object: ...


@dataclass
class Trigger:
    """A trigger_id: who may be shown a modal with it, and until when."""

    user: str
    until: float
    used: bool = False


@dataclass
class ResponseUrl:
    """Where an interaction may be answered: in which channel, to whom, from which message."""

    installation: Installation
    channel: Channel
    user: str
    message: Message | None
    until: float
    uses: int


@dataclass
class ConfigToken:
    """A person's, for the apps of a workspace that they collaborate on; for twelve hours."""

    until: float
    """``time.monotonic()``."""
    apps: set[str]


@dataclass
class World:
    """The state with what happens to it; ``url`` is the server's own, without a slash at its end."""

    settings: Settings
    state: State
    limits: Limits
    client_id: str
    client_secret: str
    signing_secret: str
    app_id: str
    app_tokens: dict[str, list[str]]
    """The app-level tokens with their scopes."""
    config_tokens: dict[str, ConfigToken] = field(default_factory=dict)
    """The app configuration tokens, each a person's for a workspace."""
    manifest: Json | None = None
    """How the app is set, where a manifest made it."""
    url: str = ""
    outbound: list[Outbound] = field(default_factory=list)
    triggers: dict[str, Trigger] = field(default_factory=dict)
    response_urls: dict[str, ResponseUrl] = field(default_factory=dict)
    tickets: set[str] = field(default_factory=set)
    """What opens a Socket Mode connection, each once."""
    codes: dict[str, Json] = field(default_factory=dict)
    """OAuth codes: for which team and user, where to."""
    errors: dict[str, list[str | Fault]] = field(default_factory=dict)
    """By method: what its next calls answer, whatever is asked, or what happens to them."""
    post: Post | None = None
    """Set by the fake once there is a way to deliver."""

    def emit(self, installation: Installation, event: Json, channel: Channel | None = None) -> None:
        """Post an event to the app."""
        if self.post is not None:
            self.post(installation, event, channel)

    def trigger(self, user: str) -> str:
        """A new trigger_id for the user."""
        named = f"{self.state.new_id('')}.{self.state.new_id('')}"
        self.triggers[named] = Trigger(user, time.monotonic() + self.settings.trigger_seconds)
        return named

    def response_url(self, installation: Installation, channel: Channel, user: str, message: Message | None) -> str:
        """A new response_url."""
        named = self.state.new_id("R")
        until = time.monotonic() + self.settings.response_url_seconds
        uses = self.settings.response_url_uses
        self.response_urls[named] = ResponseUrl(installation, channel, user, message, until, uses)
        return f"{self.url}/respond/{named}"

    def record(self, sent: Outbound) -> None:
        """Keep what the app sent."""
        self.outbound.append(sent)


@dataclass
class Call:
    """One call of a method with a bot token. What it carried is read by ``readers``."""

    world: World
    installation: Installation
    method: str
    args: Json
    readers: frozenset[str] = frozenset()

    @property
    def state(self) -> State:
        """The world's state."""
        return self.world.state

    def text(self, name: str) -> str:
        """A required argument."""
        value = self.args.get(name)
        if not isinstance(value, str) or not value:
            raise SlackError("invalid_arguments", [f"[ERROR] missing required field: {name}"])
        return value

    def maybe(self, name: str) -> str | None:
        """An optional argument."""
        value = self.args.get(name)
        return None if value in (None, "") else str(value)

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean argument."""
        value = self.args.get(name, default)
        return value in (True, "1", "true", "True", 1)

    def needs(self, scope: str) -> None:
        """Raise ``missing_scope`` unless the token has the scope."""
        if scope not in self.installation.scopes:
            provided = ",".join(self.installation.scopes)
            raise SlackError("missing_scope", needed=scope, provided=provided)

    def channel(self, name: str = "channel") -> Channel:
        """The conversation of an argument."""
        return self.state.channel(self.text(name), self.installation)

    def member_channel(self, name: str = "channel") -> Channel:
        """A channel that the bot is in."""
        channel = self.channel(name)
        if self.installation.bot.id not in channel.members:
            raise SlackError("not_in_channel")
        if channel.archived:
            raise SlackError("is_archived")
        return channel

    def own_message(self, channel: Channel, error: str) -> Message:
        """The message of the ``ts`` argument, where the app posted it; else ``error``."""
        message = self.state.message(channel, self.text("ts"))
        if message.user != self.installation.bot.id or message.ephemeral_for:
            raise SlackError(error)
        return message

    def seen_in(self, channel: Channel) -> None:
        """Note that everyone in the channel reads the call."""
        self.readers = self.state.readers(channel)

    def seen_by(self, user: str) -> None:
        """Note that only the user reads the call."""
        self.readers = frozenset({user})


@dataclass(frozen=True, slots=True)
class Method:
    """A method of the Web API: what it does, which scope it needs, how often it may be called."""

    run: Callable[[Call], Json]
    scope: str | None
    tier: int | str


def view_json(view: View, world: World, bot: str) -> Json:
    """A view as Slack describes it to the app."""
    known = {"id": view.id, "team_id": view.team, "hash": view.hash, "app_id": world.app_id, "bot_id": bot}
    defaults: Json = {"private_metadata": "", "callback_id": "", "external_id": "", "state": {"values": {}}}
    return defaults | view.body | known | {"root_view_id": view.id, "app_installed_team_id": view.team}
