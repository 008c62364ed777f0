"""A real Bolt app hears the same of the fake Slack over Socket Mode and over signed HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_bolt.async_app import AsyncApp
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_sdk.oauth.installation_store import FileInstallationStore
from slack_sdk.oauth.state_store import FileOAuthStateStore
from slack_sdk.web.async_client import AsyncWebClient

from fakes.slack.bolt import Over, connected
from fakes.slack.model import Channel, User
from fakes.slack.server import FakeSlack

Json = dict[str, Any]
BUTTON = {"type": "button", "action_id": "share", "value": "1", "text": {"type": "plain_text", "text": "Share"}}
WHY = {"type": "plain_text_input", "action_id": "why"}
REASON = {"type": "input", "block_id": "reason", "label": {"type": "plain_text", "text": "Why?"}, "element": WHY}
MODAL = {
    "type": "modal",
    "callback_id": "reasons",
    "notify_on_close": True,
    "title": {"type": "plain_text", "text": "Why?"},
    "submit": {"type": "plain_text", "text": "Send"},
    "blocks": [REASON],
}


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as running:
        running.settings.retry_seconds = (0.0, 0.05, 0.05)
        yield running


@pytest.fixture(params=["socket", "http"])
def over(request: pytest.FixtureRequest) -> Over:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def app(slack: FakeSlack) -> AsyncApp:
    client = AsyncWebClient(token=slack.bot_token, base_url=slack.base_url)
    return AsyncApp(client=client, signing_secret=slack.signing_secret)


@pytest.fixture
async def heard(slack: FakeSlack, app: AsyncApp, over: Over) -> AsyncIterator[list[Json]]:
    """The events that came to the app, which answers none of them."""
    events: list[Json] = []

    @app.middleware
    async def remember(body: Json, next: Any) -> None:  # noqa: A002 - Bolt passes what it is named
        events.extend([body["event"]] if "event" in body else [])
        await next()

    @app.event({"type": "message"})
    async def message() -> None: ...

    for kind in ("app_mention", "app_home_opened", "app_context_changed", "assistant_thread_started"):
        app.event(kind)(message)
    for kind in ("assistant_thread_context_changed", "member_joined_channel"):
        app.event(kind)(message)
    async with connected(slack, app, over):
        yield events


@pytest.fixture
def anna(slack: FakeSlack) -> User:
    return slack.add_user("anna")


@pytest.fixture
def general(slack: FakeSlack, anna: User) -> Channel:
    return slack.add_channel("general", anna)


async def test_a_mention_comes_as_a_mention_and_as_a_message(
    slack: FakeSlack, heard: list[Json], anna: User, general: Channel
) -> None:
    said = await slack.say(anna, general, f"{slack.bot.mention} does 1 < 2 & so on?")
    await slack.settled()
    assert sorted(event["type"] for event in heard) == ["app_mention", "message"]
    for event in heard:
        assert (event["ts"], event["user"], event["channel"]) == (said.ts, anna.id, general.id)
        assert event["text"] == f"{slack.bot.mention} does 1 &lt; 2 &amp; so on?"
    assert heard[0]["client_msg_id"] == heard[1]["client_msg_id"]
    ids = {delivery.payload["event_id"] for delivery in slack.deliveries.all}
    assert len(ids) == 2, "they are two events"


async def test_a_direct_message_is_no_mention(
    slack: FakeSlack, heard: list[Json], anna: User, general: Channel
) -> None:
    dm = slack.dm(anna)
    first = await slack.say(anna, dm, f"{slack.bot.mention} hello", viewing=general)
    await slack.say(anna, dm, "and then?", first.ts)
    await slack.settled()
    assert [(event["type"], event["channel_type"], event.get("thread_ts")) for event in heard] == [
        ("message", "im", None),
        ("message", "im", first.ts),
    ]
    assert heard[0]["app_context"]["entities"][0]["value"] == general.id


async def test_what_the_app_is_not_in_or_not_subscribed_to_it_does_not_hear(
    slack: FakeSlack, heard: list[Json], anna: User, general: Channel
) -> None:
    elsewhere = slack.add_channel("elsewhere", anna, bot=False)
    await slack.say(anna, elsewhere, f"{slack.bot.mention} hello")
    slack.settings.events.discard("message.channels")
    await slack.say(anna, general, "hello")
    slack.settings.events.add("message.channels")
    slack.installation.scopes.remove("channels:history")
    await slack.say(anna, general, "hello")
    await slack.settled()
    assert heard == []


async def test_changes_and_deletions_are_told(
    slack: FakeSlack, heard: list[Json], anna: User, general: Channel
) -> None:
    said = await slack.say(anna, general, "helo")
    await slack.edit(said, "hello")
    await slack.unsay(said)
    await slack.settled()
    assert [event.get("subtype") for event in heard] == [None, "message_changed", "message_deleted"]
    assert (heard[1]["message"]["text"], heard[1]["previous_message"]["text"]) == ("hello", "helo")
    assert heard[2]["deleted_ts"] == said.ts


async def test_the_app_is_told_of_its_own_messages_unless_that_is_off(
    slack: FakeSlack, app: AsyncApp, heard: list[Json], general: Channel
) -> None:
    ts = (await app.client.chat_postMessage(channel=general.id, text="hello"))["ts"]
    await app.client.chat_update(channel=general.id, ts=ts, text="changed")
    slack.settings.echoes = False
    await app.client.chat_delete(channel=general.id, ts=ts)
    await slack.settled()
    told = [delivery.payload["event"] for delivery in slack.deliveries.all]
    assert [(event.get("subtype"), event.get("bot_id")) for event in told] == [
        (None, slack.bot.bot_id),
        ("message_changed", None),
    ]
    assert all(delivery.acknowledged for delivery in slack.deliveries.all)


async def test_of_a_channel_that_it_only_writes_to_the_app_hears_nothing(slack: FakeSlack, app: AsyncApp) -> None:
    elsewhere = slack.add_channel("elsewhere", bot=False)
    slack.installation.scopes.append("chat:write.public")
    await app.client.chat_postMessage(channel=elsewhere.id, text="hello")
    assert (slack.transcript(elsewhere), slack.deliveries.all) == (["footnote: hello"], [])


async def test_the_agent_view_tells_when_it_is_opened_and_what_is_looked_at(
    slack: FakeSlack, heard: list[Json], anna: User, general: Channel
) -> None:
    await slack.open_home(anna, viewing=general)
    await slack.look_at(anna, None)
    await slack.settled()
    assert [(event["type"], event["context"]) for event in heard] == [
        (
            "app_home_opened",
            {"entities": [{"type": "slack#/types/channel_id", "value": general.id, "team_id": "T0000000001"}]},
        ),
        ("app_context_changed", {}),
    ]
    assert (heard[0]["tab"], heard[0]["channel"]) == ("messages", slack.dm(anna).id)


async def test_the_assistant_view_has_threads(
    slack: FakeSlack, heard: list[Json], anna: User, general: Channel
) -> None:
    slack.settings.agent_view = False
    root = await slack.open_assistant(anna, general)
    await slack.change_context(anna, root, general)
    await slack.say(anna, slack.dm(anna), "hello", root.ts)
    await slack.settled()
    assert [event["type"] for event in heard][:2] == ["assistant_thread_started", "assistant_thread_context_changed"]
    assert heard[0]["assistant_thread"]["context"]["channel_id"] == general.id
    assert heard[2]["thread_ts"] == root.ts


async def test_a_stranger_in_a_shared_channel_is_told_apart(slack: FakeSlack, heard: list[Json], anna: User) -> None:
    other = slack.add_team("Other")
    xen = slack.add_user("xen", team=other)
    shared = slack.add_channel("shared", anna, xen, shared_with=[other])
    await slack.say(xen, shared, f"{slack.bot.mention} hello")
    await slack.settled()
    envelope = slack.deliveries.all[0].payload
    assert (envelope["is_ext_shared_channel"], envelope["team_id"]) == (True, slack.team.id)
    assert (heard[0]["user_team"], heard[0]["team"]) == (other.id, other.id)


async def test_a_command_is_acknowledged_with_what_is_shown(
    slack: FakeSlack, app: AsyncApp, over: Over, anna: User, general: Channel
) -> None:
    @app.command("/ask")
    async def ask(ack: Any, command: Json, respond: Any) -> None:
        await ack(f"Searching for {command['text']}…")
        await respond("Two years.", response_type="in_channel")

    async with connected(slack, app, over):
        delivery = await slack.command(anna, general, "/ask", "the warranty")
        await slack.settled()
    assert delivery.acknowledged
    shown = slack.transcript(general)  # Bolt polls for what was acknowledged: the answer may be there before it
    assert sorted(shown) == ["footnote (only anna sees it): Searching for the warranty…", "footnote: Two years."]
    assert {(one.method, one.readers == {anna.id}) for one in slack.outbound[-2:]} == {
        ("ack", True),
        ("response_url", False),
    }


async def test_a_button_is_pressed_and_its_message_replaced(
    slack: FakeSlack, app: AsyncApp, over: Over, anna: User, general: Channel
) -> None:
    pressed: list[Json] = []

    @app.action("share")
    async def share(ack: Any, body: Json, respond: Any) -> None:
        await ack()
        pressed.append(body)
        await respond("Shared.", replace_original=True)

    async with connected(slack, app, over):
        blocks = [{"type": "actions", "elements": [BUTTON]}]
        await app.client.chat_postEphemeral(channel=general.id, user=anna.id, text="For you", blocks=blocks)
        only = next(iter(general.ephemerals.values()))
        with pytest.raises(AssertionError, match=r"there is no hide  to press, but: share \(1\)"):
            await slack.press(anna, only, "hide")
        with pytest.raises(AssertionError, match="bert does not see the message"):
            await slack.press(slack.add_user("bert"), only, "share")
        await slack.press(anna, only, "share", "1")
        await slack.settled()
    assert (pressed[0]["container"]["is_ephemeral"], "message" in pressed[0]) == (True, False)
    assert pressed[0]["actions"][0]["value"] == "1"
    assert slack.transcript(general) == ["footnote (only anna sees it): Shared."]


async def test_a_shortcut_opens_a_modal_that_is_refused_then_sent(
    slack: FakeSlack, app: AsyncApp, over: Over, anna: User, general: Channel
) -> None:
    sent: list[str] = []

    @app.shortcut("ask_documents")
    async def shortcut(ack: Any, shortcut: Json, client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(
            trigger_id=shortcut["trigger_id"], view=MODAL | {"private_metadata": shortcut["message_ts"]}
        )

    @app.view("reasons")
    async def submitted(ack: Any, view: Json) -> None:
        reason = view["state"]["values"]["reason"]["why"]["value"]
        if len(reason) < 3:
            await ack(response_action="errors", errors={"reason": "too short"})
            return
        await ack()
        sent.append(f"{view['private_metadata']} {reason}")

    async with connected(slack, app, over):
        said = await slack.say(anna, general, "how long?")
        await slack.shortcut(anna, "ask_documents", said)
        await slack.until(lambda: slack.views(anna))
        modal = slack.views(anna)[0]
        with pytest.raises(AssertionError, match="the modal has no input"):
            await slack.submit(modal, {"why": "x", "who": "y"})
        refused = await slack.submit(modal, {"why": "no"})
        assert refused.ack is not None
        assert (refused.ack.payload or {})["errors"] == {"reason": "too short"}
        assert modal.open
        await slack.submit(modal, {"reason": "outdated"})
    assert (sent, modal.open) == ([f"{said.ts} outdated"], False)


async def test_closing_a_modal_is_told_where_it_was_asked_for(
    slack: FakeSlack, app: AsyncApp, over: Over, anna: User
) -> None:
    closed: list[str] = []

    @app.view_closed("reasons")
    async def gone(ack: Any, view: Json) -> None:
        await ack()
        closed.append(view["id"])

    async with connected(slack, app, over):
        await app.client.views_open(trigger_id=slack.world.trigger(anna.id), view=MODAL)
        modal = slack.views(anna)[0]
        delivery = await slack.dismiss(modal)
        assert delivery is not None
        assert delivery.acknowledged
    assert closed == [modal.id]
    assert slack.views(anna) == []


async def test_thumbs_are_pressed_by_their_value(
    slack: FakeSlack, app: AsyncApp, over: Over, anna: User, general: Channel
) -> None:
    values: list[str] = []

    @app.action("feedback")
    async def feedback(ack: Any, action: Json) -> None:
        await ack()
        values.append(action["value"])

    up = {"text": {"type": "plain_text", "text": "Good"}, "value": "up"}
    down = {"text": {"type": "plain_text", "text": "Bad"}, "value": "down"}
    thumbs = {"type": "feedback_buttons", "action_id": "feedback", "positive_button": up, "negative_button": down}
    async with connected(slack, app, over):
        blocks = [{"type": "context_actions", "elements": [thumbs]}]
        ts = (await app.client.chat_postMessage(channel=general.id, text="Two years", blocks=blocks))["ts"]
        for value in ("up", "down"):
            await slack.press(anna, general.messages[ts], "feedback", value)
        with pytest.raises(AssertionError, match="there is no feedback sideways to press"):
            await slack.press(anna, general.messages[ts], "feedback", "sideways")
    assert values == ["up", "down"]


@pytest.mark.filterwarnings("ignore:BasicAuth is deprecated")  # slack_sdk's use of aiohttp
async def test_a_second_workspace_installs_the_app_and_is_answered_with_its_own_token(
    slack: FakeSlack, tmp_path: Path
) -> None:
    client = AsyncWebClient(base_url=slack.base_url)
    settings = AsyncOAuthSettings(
        client_id=slack.client_id,
        client_secret=slack.client_secret,
        scopes=["app_mentions:read", "channels:history", "chat:write"],
        authorization_url=slack.authorize_url,
        installation_store=FileInstallationStore(base_dir=str(tmp_path / "installations")),
        state_store=FileOAuthStateStore(expiration_seconds=60, base_dir=str(tmp_path / "states")),
        install_page_rendering_enabled=False,
    )
    app = AsyncApp(
        client=client, signing_secret=slack.signing_secret, oauth_flow=AsyncOAuthFlow(client=client, settings=settings)
    )

    @app.event("app_mention")
    async def answer(say: Any, event: Json) -> None:
        await say("Two years.", thread_ts=event["ts"])

    @app.event("message")
    async def message() -> None: ...

    other = slack.add_team("Other")
    olga = slack.add_user("olga", team=other)
    async with connected(slack, app, "http"):
        address = str(slack.request_url).removesuffix("/slack/events")
        slack.settings.redirect_url = f"{address}/slack/oauth_redirect"
        async with aiohttp.ClientSession() as browser:
            async with browser.get(f"{address}/slack/install", allow_redirects=False) as page:
                consent, cookie = page.headers["Location"], page.headers["Set-Cookie"].partition(";")[0]
            async with browser.get(f"{consent}&user={olga.id}&team={other.id}", allow_redirects=False) as agreed:
                back = agreed.headers["Location"]
            async with browser.get(back, headers={"Cookie": cookie}) as done:
                assert done.status == 200, await done.text()
        general = slack.add_channel("general", olga)
        asked = await slack.say(olga, general, f"{slack.state.installed(other.id).bot.mention} how long?")
        await slack.settled()
    assert slack.transcript(general, asked.ts)[1:] == ["footnote: Two years."]
    assert slack.answers(general, asked.ts)[0].user != slack.bot.id
