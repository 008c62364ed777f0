"""What somebody asks in Slack, and where."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SlackPlace:
    """A thread of a channel, or the channel itself."""

    team: str
    channel: str
    thread: str | None = None
    """The ``ts`` of the thread's first message; None outside threads, as for a command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackRequest:
    """A message, command or shortcut that may want an answer."""

    key: str
    """The same for every delivery of the event, so that duplicates are recognised."""
    place: SlackPlace
    user: str
    text: str
    ts: str | None = None
    """The message's timestamp; None for a command."""
    addressed: bool = True
    """Whether it is meant for the bot: a mention, a direct message, a command."""
    follow_up: bool = False
    """Whether it asks on without a mention, in a thread that the bot takes part in."""
    user_team: str | None = None
    """The user's workspace, if it is not the bot's."""
    asker_only: bool = False
    """Whether only the asker may see the answer."""
    direct: bool = False
    """Whether it was asked in a direct message to the bot."""
    response_url: str | None = None
    """Takes five answers within half an hour, if present."""

    @property
    def external(self) -> bool:
        """Whether the user belongs to another workspace."""
        return self.user_team is not None
