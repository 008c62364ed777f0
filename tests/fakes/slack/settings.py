"""How the fake behaves: times as Slack's are, unless a test makes them shorter or the network worse."""

from dataclasses import dataclass, field

SCOPES = [
    "app_mentions:read", "assistant:write", "channels:history", "channels:read", "chat:write", "commands",
    "groups:history", "groups:read", "im:history", "im:read", "im:write", "mpim:history", "mpim:read",
    "reactions:write", "team:read", "usergroups:read", "users:read", "users:read.email",
]  # fmt: skip
EVENTS = {
    "agent_session_stopped", "app_context_changed", "app_home_opened", "app_mention", "app_uninstalled",
    "assistant_thread_context_changed", "assistant_thread_started", "member_joined_channel", "message.channels",
    "message.groups", "message.im", "message.mpim", "tokens_revoked",
}  # fmt: skip


@dataclass
class Settings:
    """All of it may be changed while the fake runs. Times in seconds."""

    ack_seconds: float = 3.0
    """How long an app has to acknowledge."""
    retry_seconds: tuple[float, ...] = (0.0, 60.0, 300.0)
    """How long after a failed delivery of an event it comes again: at once, after a minute, after five."""
    copies: int = 1
    """How often each event is delivered though every delivery is acknowledged; all but the first as retries."""
    parallel: bool = False
    """Whether the copies come at once, in place of one after the other."""
    lose: int = 0
    """How many of the first deliveries of each event get lost before they arrive."""
    stream_seconds: float = 306.0
    """How long a stream takes appends, counted from its start, as measured by others."""
    trigger_seconds: float = 3.0
    """How long a trigger_id opens a modal."""
    response_url_uses: int = 5
    response_url_seconds: float = 1800.0
    max_connections: int = 10
    agent_view: bool = True
    """Whether the app has the agent view; else the older assistant view."""
    echoes: bool = True
    """Whether the app is told of its own messages, as Slack does."""
    events: set[str] = field(default_factory=lambda: set(EVENTS))
    """What the app is subscribed to."""
