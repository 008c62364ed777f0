"""Who could read a secret: in what was sent, and in what it came to when it was put together."""

from collections.abc import Iterator

from fakes.slack.state import State
from fakes.slack.world import World


def leaks(world: World, secret: str, allowed: frozenset[str]) -> list[str]:
    """A sentence for each place where the secret stands before others than the users of those ids.

    Messages are read as they stand and as they stood, so that a secret that came in pieces of a stream is found.
    """
    bots = {installation.bot.id for installation in world.state.installations.values()}
    sent = [(call.method, call.readers) for call in world.outbound if secret in call.content]
    places = [*sent, *_standing(world.state, secret)]
    return [
        f"{where} is read by {', '.join(sorted(world.state.users[one].name for one in others))}"
        for where, readers in places
        if (others := readers - allowed - bots)
    ]


def _standing(state: State, secret: str) -> Iterator[tuple[str, frozenset[str]]]:
    bots = {installation.bot.id for installation in state.installations.values()}
    for channel in state.channels.values():
        for message in [*channel.messages.values(), *channel.ephemerals.values()]:
            contents = (message.content, *message.versions)
            if message.user in bots and any(secret in content for content in contents):
                readers = frozenset({message.ephemeral_for}) if message.ephemeral_for else state.readers(channel)
                yield f"a message in {channel.name}", readers
    for view in state.views.values():
        if secret in view.content:
            yield "a view", frozenset({view.user})
