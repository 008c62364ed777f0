"""What people do with messages, and the events that Slack makes of it."""

import asyncio
import uuid

from fakes.slack.core import Core, escaped, shown
from fakes.slack.methods_chat import named
from fakes.slack.model import Channel, Installation, Json, Message, User
from fakes.slack.payloads import changed_event, message_event, message_json

MENTION_LEAVES_OUT = ("channel_type", "parent_user_id", "subtype")


class Talking(Core):
    """Messages of people, written, changed and taken back; what they look at beside them."""

    async def say(
        self,
        user: User,
        channel: Channel,
        text: str,
        thread_ts: str | None = None,
        *,
        viewing: Channel | None = None,
    ) -> Message:
        """Writes a message, and delivers what Slack would: ``message``, and ``app_mention`` where the bot is named.

        Returns once the events are on their way. ``viewing`` is what the person looks at, told in the agent view.
        """
        assert user.id in channel.members, f"{user.name} is not in {channel.name}"
        state = self.world.state
        assert thread_ts is None or channel.messages[thread_ts].root == thread_ts, f"{thread_ts} starts no thread"
        message = Message(state.new_ts(), channel.id, user.id, escaped(text), thread_ts=thread_ts, bot_id=user.bot_id)
        message.blocks = named(state, [_rich_text(message.text)])
        channel.messages[message.ts] = message
        for installation in self.listening(channel):
            self._tell(installation, message, channel, viewing)
        await asyncio.sleep(0)
        return message

    def _tell(self, installation: Installation, message: Message, channel: Channel, viewing: Channel | None) -> None:
        event = message_event(self.world.state, message, channel) | {"client_msg_id": str(uuid.uuid4())}
        if channel.kind == "im" and viewing is not None and self.world.settings.agent_view:
            event["app_context"] = entities(viewing)
        self.post(installation, event, channel)
        if channel.kind != "im" and installation.bot.mention in message.text:
            mention = {name: value for name, value in event.items() if name not in MENTION_LEAVES_OUT}
            self.post(installation, mention | {"type": "app_mention"}, channel)

    async def edit(self, message: Message, text: str) -> None:
        """The author changes the message: ``message_changed``."""
        channel = self.world.state.channels[message.channel]
        before = message_json(self.world.state, message)
        message.versions.append(message.content)
        message.text, message.edited = escaped(text), self.world.state.new_ts()
        message.blocks = named(self.world.state, [_rich_text(message.text)])
        await self._change(message, channel, before)

    async def unsay(self, message: Message) -> None:
        """The author deletes the message: ``message_deleted``."""
        before = message_json(self.world.state, message)
        message.deleted = True
        await self._change(message, self.world.state.channels[message.channel], before)

    async def _change(self, message: Message, channel: Channel, before: Json) -> None:
        for installation in self.listening(channel):
            self.post(installation, changed_event(self.world.state, message, channel, before), channel)
        await asyncio.sleep(0)

    async def open_home(self, user: User, tab: str = "messages", viewing: Channel | None = None) -> Channel:
        """The person opens the app: ``app_home_opened``, with what they look at beside it in the agent view."""
        installation = self.serving(user)
        channel = self.world.state.dm(user, installation)
        event: Json = {"type": "app_home_opened", "user": user.id, "channel": channel.id, "tab": tab}
        event["event_ts"] = self.world.state.new_ts()
        if viewing is not None and self.world.settings.agent_view:
            event["context"] = entities(viewing)
        self.post(installation, event, channel)
        await asyncio.sleep(0)
        return channel

    async def look_at(self, user: User, viewing: Channel | None) -> None:
        """The person looks at another channel while the app is open: ``app_context_changed``."""
        installation = self.serving(user)
        channel = self.world.state.dm(user, installation)
        event: Json = {"type": "app_context_changed", "user": user.id, "channel": channel.id}
        event |= {"context": entities(viewing) if viewing else {}, "event_ts": self.world.state.new_ts()}
        self.post(installation, event, channel)
        await asyncio.sleep(0)

    async def open_assistant(self, user: User, viewing: Channel | None = None) -> Message:
        """The person opens a thread of the older assistant view: ``assistant_thread_started``; its root comes back."""
        installation = self.serving(user)
        channel = self.world.state.dm(user, installation)
        root = Message(self.world.state.new_ts(), channel.id, installation.bot.id, "New Assistant Thread")
        root.subtype, root.bot_id, root.thread_ts = "assistant_app_thread", installation.bot.bot_id, root.ts
        channel.messages[root.ts] = root
        self._assistant(installation, "assistant_thread_started", root, user, viewing)
        await asyncio.sleep(0)
        return root

    async def change_context(self, user: User, root: Message, viewing: Channel) -> None:
        """The person looks at another channel: ``assistant_thread_context_changed``."""
        self._assistant(self.serving(user), "assistant_thread_context_changed", root, user, viewing)
        await asyncio.sleep(0)

    def _assistant(
        self, installation: Installation, kind: str, root: Message, user: User, viewing: Channel | None
    ) -> None:
        seen = {"channel_id": viewing.id, "team_id": viewing.team, "enterprise_id": None} if viewing else {}
        thread = {"user_id": user.id, "context": seen, "channel_id": root.channel, "thread_ts": root.ts}
        event = {"type": kind, "assistant_thread": thread, "event_ts": self.world.state.new_ts()}
        self.post(installation, event, self.world.state.channels[root.channel])

    def thread(self, channel: Channel, thread_ts: str) -> list[Message]:
        """The messages of a thread that stand, oldest first, what only one person sees among them."""
        for_one = [m for m in channel.ephemerals.values() if m.root == thread_ts]
        return sorted([*self.world.state.thread(channel, thread_ts), *for_one], key=lambda message: message.ts)

    def answers(self, channel: Channel, thread_ts: str) -> list[Message]:
        """What the app wrote in the thread, oldest first."""
        bots = {i.bot.id for i in self.world.state.installations.values()}
        return [m for m in self.thread(channel, thread_ts) if m.user in bots and m.subtype is None]

    def transcript(self, channel: Channel, thread_ts: str | None = None) -> list[str]:
        """``name: what is seen`` of each message of the thread, or of the whole channel."""
        every = [m for m in channel.messages.values() if not m.deleted] + list(channel.ephemerals.values())
        messages = self.thread(channel, thread_ts) if thread_ts else sorted(every, key=lambda message: message.ts)
        users = self.world.state.users
        lines = []
        for message in messages:
            only = f" (only {users[message.ephemeral_for].name} sees it)" if message.ephemeral_for else ""
            lines.append(f"{users[message.user].name}{only}: {shown(message)}")
        return lines


def entities(viewing: Channel) -> Json:
    """What the person looks at, as the app is told."""
    return {"entities": [{"type": "slack#/types/channel_id", "value": viewing.id, "team_id": viewing.team}]}


def _rich_text(text: str) -> Json:
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [section]}
