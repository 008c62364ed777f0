"""What every part of the fake's facade stands on: the world, and the way to the app."""

import html
import re
from collections.abc import Iterator
from typing import Any

from fakes.slack.delivery import Deliveries, Delivery
from fakes.slack.model import Channel, Installation, Json, Message, User
from fakes.slack.payloads import subscribed, wrapped
from fakes.slack.world import World

TOKEN = re.compile(r"(<(?:[@#!][^<>]+|https?://[^<>]+|mailto:[^<>]+)>)")
READABLE = ("text", "title", "alt_text", "url")


class Core:
    """The world, and what is delivered from it."""

    world: World
    deliveries: Deliveries

    def post(self, installation: Installation, event: Json, channel: Channel | None = None) -> Delivery | None:
        """Delivers the event, where the app is subscribed to it; else nothing happens."""
        if installation.revoked or not subscribed(self.world, installation, event, channel):
            return None
        return self.deliveries.event(wrapped(self.world, installation, event, channel))

    def listening(self, channel: Channel) -> list[Installation]:
        """Where an event of the channel goes: the app's installation whose bot is in it. One of them, if several."""
        teams = {channel.team, *channel.teams}
        those = [i for i in self.world.state.installations.values() if not i.revoked and i.team.id in teams]
        return [i for i in those if i.bot.id in channel.members][:1]

    def serving(self, user: User, channel: Channel | None = None) -> Installation:
        """The installation that a command or an interaction of the user goes to."""
        if channel is not None:
            for installation in self.listening(channel):
                return installation
        return self.world.state.installed(user.team)


def escaped(text: str) -> str:
    """As Slack writes what a person typed: ``&``, ``<`` and ``>`` escaped, mentions and links as they are."""
    parts = TOKEN.split(text)
    return "".join(part if i % 2 else html.escape(part, quote=False) for i, part in enumerate(parts))


def shown(message: Message) -> str:
    """What a person sees of it: its blocks where it has any, else its text; a stream's text and blocks."""
    body = "\n".join(readable(message.blocks))
    if message.stream is not None or not body:
        return "\n".join(part for part in (message.text, body) if part)
    return body


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
