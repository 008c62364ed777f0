"""Commands, shortcuts, buttons, modals, the stop button: what people press, and what the app is told."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

from fakes.slack import responding
from fakes.slack.core import Core
from fakes.slack.delivery import Delivery
from fakes.slack.methods_chat import draft, named
from fakes.slack.model import Channel, Installation, Json, Message, Outbound, User, View
from fakes.slack.payloads import message_json
from fakes.slack.validation import check_blocks, check_text, check_view
from fakes.slack.world import Call, view_json

HIDDEN_NAMES = {"im": "directmessage", "mpim": "mpdm", "private": "privategroup"}
SELECTS = {"static_select", "overflow", "radio_buttons"}


class Interacting(Core):
    """Each returns how the app took it: ``Delivery.acknowledged`` and what it acknowledged with."""

    async def command(self, user: User, channel: Channel, command: str, text: str = "") -> Delivery:
        """A slash command. What the app acknowledges with is shown, to the person alone unless it says otherwise."""
        known = self.world.settings.commands
        assert known is None or command in known, f"the app has no command {command}"
        installation = self.serving(user, channel)
        url = self.world.response_url(installation, channel, user.id, None)
        delivery = await self.deliveries.once(
            "slash_commands",
            {
                "token": "verification-token",
                "team_id": installation.team.id,
                "team_domain": installation.team.domain,
                "channel_id": channel.id,
                "channel_name": HIDDEN_NAMES.get(channel.kind, channel.name),
                "user_id": user.id,
                "user_name": user.name,
                "command": command,
                "text": text,
                "api_app_id": self.world.app_id,
                "is_enterprise_install": "false",
                "response_url": url,
                "trigger_id": self.world.trigger(user.id),
            },
        )
        self._say_at_once(installation, user, channel, delivery)
        return delivery

    def _say_at_once(self, installation: Installation, user: User, channel: Channel, delivery: Delivery) -> None:
        said = delivery.ack.payload if delivery.acknowledged and delivery.ack else None
        if not said or not (said.get("text") or said.get("blocks")):
            return
        call = Call(self.world, installation, "ack", said | {"channel": channel.id})
        text, blocks = check_text(said.get("text") or ""), check_blocks(said.get("blocks") or [])
        target = self.world.response_urls[delivery.payload["response_url"].rpartition("/")[2]]
        readers = responding.publish(call, target, draft(call, channel, text, blocks))
        target.message = None  # a command has no message of its own that could be replaced
        self.world.record(Outbound("ack", said, {"ok": True}, 200, readers))

    async def shortcut(self, user: User, callback_id: str, message: Message | None = None) -> Delivery:
        """A message shortcut, or a global one where there is no message."""
        known = self.world.settings.shortcuts
        assert known is None or callback_id in known, f"the app has no shortcut {callback_id}"
        if message is None:
            payload = self._of(self.serving(user), user) | {"type": "shortcut", "callback_id": callback_id}
            return await self.deliveries.once("interactive", payload | {"action_ts": self.world.state.new_ts()})
        channel = self.world.state.channels[message.channel]
        installation = self.serving(user, channel)
        payload = self._of(installation, user) | {"type": "message_action", "callback_id": callback_id}
        payload |= {"channel": {"id": channel.id, "name": channel.name}, "message_ts": message.ts}
        payload["message"] = message_json(self.world.state, message)
        payload["response_url"] = self.world.response_url(installation, channel, user.id, None)
        return await self.deliveries.once("interactive", payload | {"action_ts": self.world.state.new_ts()})

    async def press(self, user: User, where: Message | View, action_id: str, value: str | None = None) -> Delivery:
        """Presses a button, thumbs up or down by ``value``, or chooses an option by ``value``."""
        action = _action(where, action_id, value) | {"action_ts": self.world.state.new_ts()}
        if isinstance(where, View):
            return await self._press_in_view(user, where, action)
        assert not where.deleted, "the message is gone"
        channel = self.world.state.channels[where.channel]
        readers = {where.ephemeral_for} if where.ephemeral_for else self.world.state.readers(channel)
        assert user.id in readers, f"{user.name} does not see the message"
        installation = self.serving(user, channel)
        container: Json = {"type": "message", "message_ts": where.ts, "channel_id": channel.id}
        container["is_ephemeral"] = where.ephemeral_for is not None
        payload = self._of(installation, user) | {"type": "block_actions", "container": container}
        payload |= {"channel": {"id": channel.id, "name": channel.name}, "actions": [action], "state": {"values": {}}}
        if where.thread_ts:
            container["thread_ts"] = where.thread_ts
        if not where.ephemeral_for:
            payload["message"] = message_json(self.world.state, where)
        payload["response_url"] = self.world.response_url(installation, channel, user.id, where)
        return await self.deliveries.once("interactive", payload)

    async def _press_in_view(self, user: User, view: View, action: Json) -> Delivery:
        assert view.user == user.id, f"{user.name} does not see the view"
        installation = self.serving(user)
        payload = self._of(installation, user) | {"type": "block_actions", "actions": [action]}
        payload["container"] = {"type": "view", "view_id": view.id}
        payload["view"] = view_json(view, self.world, installation.bot.bot_id or "")
        return await self.deliveries.once("interactive", payload)

    def views(self, user: User) -> list[View]:
        """The modals that the person has open, the newest last."""
        return [
            v for v in self.world.state.views.values() if v.user == user.id and v.open and v.body["type"] == "modal"
        ]

    def home(self, user: User) -> View | None:
        """The person's home tab, where the app published one."""
        views = [v for v in self.world.state.views.values() if v.user == user.id and v.body["type"] == "home"]
        return views[-1] if views else None

    async def submit(self, view: View, values: Mapping[str, Any]) -> Delivery:
        """Submits a modal. ``values`` are by block_id or action_id: a text, an option's value or a list of them.

        The modal closes, unless the app answers with errors, or with another view.
        """
        assert view.open, "the modal is closed"
        installation, user = self.world.state.installed(view.team), self.world.state.users[view.user]
        described = view_json(view, self.world, installation.bot.bot_id or "")
        described["state"] = {"values": _entered(view, values)}
        payload = self._of(installation, user) | {"type": "view_submission", "view": described, "response_urls": []}
        delivery = await self.deliveries.once("interactive", payload)
        self._shut(view, delivery)
        return delivery

    def _shut(self, view: View, delivery: Delivery) -> None:
        if not delivery.acknowledged or delivery.ack is None:
            return
        said = delivery.ack.payload or {}
        if said:
            self.world.record(Outbound("ack", said, {"ok": True}, 200, frozenset({view.user})))
        if said.get("response_action") == "update":
            body = check_view(said.get("view"))
            view.body = body | {"blocks": named(self.world.state, body["blocks"])}
        elif said.get("response_action") != "errors":
            view.open = False

    async def dismiss(self, view: View) -> Delivery | None:
        """Closes a modal; the app is told where it asked to be (``notify_on_close``)."""
        view.open = False
        if not view.body.get("notify_on_close"):
            return None
        installation, user = self.world.state.installed(view.team), self.world.state.users[view.user]
        payload = self._of(installation, user) | {"type": "view_closed", "is_cleared": False}
        payload["view"] = view_json(view, self.world, installation.bot.bot_id or "")
        return await self.deliveries.once("interactive", payload)

    async def stop(self, user: User, channel: Channel, thread_ts: str) -> None:
        """The native stop button, which a session has while it is ``processing``: ``agent_session_stopped``.

        Streams of the thread take nothing more; the session's status is the app's to change.
        """
        session = self.world.state.sessions.get((channel.id, thread_ts))
        assert session is not None, "the thread has no agent session"
        assert session.status == "processing", f"there is no stop button while the session is {session.status}"
        streams = [m for m in self.world.state.thread(channel, thread_ts) if m.streaming]
        for message in streams:
            assert message.stream is not None
            message.stream.state = "stopped_by_user"
        event: Json = {"type": "agent_session_stopped", "channel": channel.id, "thread_ts": thread_ts, "user": user.id}
        event |= {"streaming_message_ts": [m.ts for m in streams], "event_ts": self.world.state.new_ts()}
        self.post(self.serving(user, channel), event, channel)
        await asyncio.sleep(0)

    def _of(self, installation: Installation, user: User) -> Json:
        return {
            "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team},
            "api_app_id": self.world.app_id,
            "token": "verification-token",
            "trigger_id": self.world.trigger(user.id),
            "team": {"id": installation.team.id, "domain": installation.team.domain},
            "enterprise": None,
            "is_enterprise_install": False,
        }


def elements(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Each block with each element in it that can be pressed or filled in."""
    for block in blocks:
        inner = [block.get("element"), block.get("accessory"), *block.get("elements", [])]
        for element in inner:
            if isinstance(element, dict) and "action_id" in element:
                yield block, element


def _action(where: Message | View, action_id: str, value: str | None) -> Json:
    blocks = where.blocks if isinstance(where, Message) else where.body["blocks"]
    found = list(elements(blocks))
    for block, element in found:
        if element["action_id"] == action_id:
            chosen = _chosen(element, value)
            if chosen is not None:
                return {"type": element["type"], "action_id": action_id, "block_id": block["block_id"], **chosen}
    there = sorted({f"{e['action_id']} ({e.get('value', e['type'])})" for _, e in found})
    raise AssertionError(f"there is no {action_id} {value or ''} to press, but: {', '.join(there) or 'nothing'}")


def _chosen(element: Json, value: str | None) -> Json | None:
    """What an action carries of its element, where the value is one of the element's."""
    if element["type"] == "feedback_buttons":
        for button in (element["positive_button"], element["negative_button"]):
            if button["value"] == value:
                return {"value": value, "text": button["text"]}
        return None
    if element["type"] in SELECTS:
        options = [o for o in element["options"] if o["value"] == value]
        return {"selected_option": options[0]} if options else None
    if value not in (None, element.get("value")):
        return None
    return {name: element[name] for name in ("value", "text") if name in element}


def _entered(view: View, values: Mapping[str, Any]) -> Json:
    """The state of a modal's inputs; names that are none of its inputs fail the test."""
    state: Json = {}
    used: set[str] = set()
    for block, element in elements(view.body["blocks"]):
        if block["type"] != "input":
            continue
        by = {block["block_id"], element["action_id"]} & values.keys()
        used |= by
        given = values[next(iter(by))] if by else None
        assert given is not None or block.get("optional"), f"{element['action_id']} must be filled in"
        state.setdefault(block["block_id"], {})[element["action_id"]] = _filled(element, given)
    assert used == set(values), f"the modal has no input {sorted(set(values) - used)}"
    return state


def _filled(element: Json, given: Any) -> Json:
    kind = element["type"]
    if kind in SELECTS:
        return {"type": kind, "selected_option": next((o for o in element["options"] if o["value"] == given), None)}
    if kind in ("checkboxes", "multi_static_select"):
        chosen = [o for o in element["options"] if o["value"] in (given or [])]
        return {"type": kind, "selected_options": chosen}
    if kind == "multi_users_select":
        return {"type": kind, "selected_users": list(given or [])}
    if kind == "users_select":
        return {"type": kind, "selected_user": given}
    return {"type": kind, "value": given}
