"""What the fake Slack refuses: blocks, texts and views beyond their limits, and calls beyond theirs."""

import time
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from fakes.slack.model import Channel
from fakes.slack.server import FakeSlack

Json = dict[str, Any]


def plain(length: int) -> Json:
    return {"type": "plain_text", "text": "x" * length}


def mrkdwn(length: int) -> Json:
    return {"type": "mrkdwn", "text": "x" * length}


def button(text: int = 2, **more: Any) -> Json:
    return {"type": "button", "text": plain(text), "action_id": "go", **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def section(length: int) -> Json:
    return {"type": "section", "text": mrkdwn(length)}


def buttons(count: int) -> list[Json]:
    return [button(action_id=str(n)) for n in range(count)]


def thumbs(value: int = 2) -> Json:
    up = {"text": plain(4), "value": "y" * value}
    return {"type": "feedback_buttons", "action_id": "f", "positive_button": up, "negative_button": up | {"value": "n"}}


def modal(**more: Any) -> Json:
    return {"type": "modal", "title": plain(24), "blocks": [section(10)], **more}


REASONS = {"type": "input", "label": plain(5), "element": {"type": "plain_text_input", "action_id": "why"}}
GOOD = [
    [section(3000)] * 50,
    [{"type": "header", "text": plain(150)}],
    [actions(*buttons(25))],
    [actions(button(75, value="v" * 2000, url="u" * 3000, action_id="a" * 255))],
    [{"type": "context", "elements": [mrkdwn(2)] * 10}],
    [{"type": "context_actions", "elements": [thumbs(2000)]}],
    [{"type": "markdown", "text": "x" * 12_000}, {"type": "markdown", "text": "x" * 1_000}, {"type": "divider"}],
    [{"type": "section", "fields": [mrkdwn(2000)] * 10, "accessory": button()}],
    [{"type": "table", "rows": [[{"type": "raw_text", "text": "a"}] * 20] * 100}],
    [actions(button()), actions(button())],
]
BAD = [
    ([section(2)] * 51, "/blocks]"),
    ([section(3001)], "/blocks/0/text/text"),
    ([section(0)], "/blocks/0/text/text"),
    ([{"type": "section"}], "/blocks/0"),
    ([{"type": "header", "text": plain(151)}], "/blocks/0/text/text"),
    ([{"type": "header", "text": mrkdwn(5)}], "/blocks/0/text"),
    ([actions(*buttons(26))], "/blocks/0/elements"),
    ([actions()], "/blocks/0/elements"),
    ([actions(button(76))], "/blocks/0/elements/0/text/text"),
    ([actions(button(value="v" * 2001))], "/blocks/0/elements/0/value"),
    ([actions(button(action_id="a" * 256))], "/blocks/0/elements/0/action_id"),
    ([actions(button(), button())], "already exists"),
    ([actions(button(style="loud"))], "/blocks/0/elements/0/style"),
    ([actions(thumbs())], "unsupported type"),
    ([{"type": "context", "elements": [mrkdwn(2)] * 11}], "/blocks/0/elements"),
    ([{"type": "context_actions", "elements": [thumbs(2001)]}], "/positive_button/value"),
    ([{"type": "markdown", "text": "x" * 12_001}], "/blocks/0/text"),
    ([{"type": "section", "fields": [mrkdwn(2)] * 11}], "/blocks/0/fields"),
    ([{"type": "section", "text": mrkdwn(2), "block_id": "same"}] * 2, "already exists"),
    ([{"type": "table", "rows": [[{"type": "raw_text", "text": "a"}]]}] * 2, "only_one_table_allowed"),
    ([{"type": "carpet"}], "unsupported type"),
]


@pytest.fixture
def general(slack: FakeSlack) -> Channel:
    return slack.add_channel("general", slack.add_user("anna"))


@pytest.mark.parametrize("blocks", GOOD)
async def test_blocks_up_to_their_limits_are_taken(
    client: AsyncWebClient, general: Channel, blocks: list[Json]
) -> None:
    assert (await client.chat_postMessage(channel=general.id, text="x", blocks=blocks))["ok"]


@pytest.mark.parametrize(("blocks", "said"), BAD)
async def test_blocks_beyond_their_limits_are_refused_with_the_place(
    client: AsyncWebClient, general: Channel, blocks: list[Json], said: str
) -> None:
    with pytest.raises(SlackApiError) as call:
        await client.chat_postMessage(channel=general.id, text="x", blocks=blocks)
    assert call.value.response["error"] == "invalid_blocks"
    assert any(said in message for message in call.value.response["response_metadata"]["messages"])
    assert general.messages == {}


async def test_texts_have_their_own_limits_and_errors(
    slack: FakeSlack, client: AsyncWebClient, general: Channel
) -> None:
    slack.limits.enforced = False
    ts = (await client.chat_postMessage(channel=general.id, text="x" * 40_000))["ts"]
    for call, more in (
        (client.chat_postMessage, {"text": "x" * 40_001}),
        (client.chat_postMessage, {"markdown_text": "x" * 12_001}),
        (client.chat_update, {"ts": ts, "text": "x" * 4_001}),
    ):
        with pytest.raises(SlackApiError, match="msg_too_long"):
            await call(channel=general.id, **more)
    with pytest.raises(SlackApiError, match="markdown_text_conflict"):
        await client.chat_postMessage(channel=general.id, text="x", markdown_text="x")
    blocks = [{"type": "markdown", "text": "x" * 10_001}, section(3000)]
    with pytest.raises(SlackApiError, match="msg_blocks_too_long"):
        await client.chat_postMessage(channel=general.id, text="x", blocks=blocks)
    with pytest.raises(SlackApiError, match="invalid_blocks_format"):
        await client.chat_postMessage(channel=general.id, text="x", blocks="[}")


@pytest.mark.parametrize(
    "view",
    [
        modal(title=plain(25)),
        modal(private_metadata="x" * 3001),
        modal(callback_id="x" * 256),
        modal(submit=plain(25)),
        modal(blocks=[section(2)] * 101),
        modal(blocks=[REASONS]),
        modal(type="window"),
        {"type": "home", "blocks": []},
    ],
)
async def test_views_beyond_their_limits_are_not_opened(slack: FakeSlack, client: AsyncWebClient, view: Json) -> None:
    trigger = slack.world.trigger(slack.add_user("anna").id)
    with pytest.raises(SlackApiError, match="invalid_arguments"):
        await client.views_open(trigger_id=trigger, view=view)


async def test_a_trigger_opens_one_view_within_its_time(slack: FakeSlack, client: AsyncWebClient) -> None:
    anna = slack.add_user("anna")
    trigger = slack.world.trigger(anna.id)
    good = modal(blocks=[REASONS], submit=plain(24), private_metadata="x" * 3000)
    view = (await client.views_open(trigger_id=trigger, view=good))["view"]
    with pytest.raises(SlackApiError, match="exchanged_trigger_id"):
        await client.views_open(trigger_id=trigger, view=good)
    slack.settings.trigger_seconds = -1
    for gone, error in ((slack.world.trigger(anna.id), "expired_trigger_id"), ("1.2", "invalid_trigger_id")):
        with pytest.raises(SlackApiError, match=error):
            await client.views_open(trigger_id=gone, view=good)
    await client.views_update(view_id=view["id"], hash=view["hash"], view=modal())
    with pytest.raises(SlackApiError, match="hash_conflict"):
        await client.views_update(view_id=view["id"], hash=view["hash"], view=modal())
    assert [shown.body["blocks"][0]["type"] for shown in slack.views(anna)] == ["section"]
    assert slack.sent("views.open")[0].readers == {anna.id}


async def test_a_home_tab_is_published_to_one_person(slack: FakeSlack, client: AsyncWebClient) -> None:
    anna = slack.add_user("anna")
    for length in (1, 2):
        await client.views_publish(user_id=anna.id, view={"type": "home", "blocks": [section(length)]})
    home = slack.home(anna)
    assert home is not None
    assert home.body["blocks"][0]["text"]["text"] == "xx"


async def test_a_tier_takes_its_calls_a_minute_and_then_says_how_long_to_wait(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    for _ in range(20):
        await client.usergroups_list()
    with pytest.raises(SlackApiError, match="ratelimited") as call:
        await client.usergroups_list()
    assert call.value.response.status_code == 429
    assert 55 <= int(call.value.response.headers["Retry-After"]) <= 60
    assert (await client.users_list())["ok"], "each method has its own"
    slack.limits.window = 0.0
    assert (await client.usergroups_list())["ok"]


async def test_a_channel_takes_a_burst_of_posts_and_then_one_a_second(
    slack: FakeSlack, client: AsyncWebClient, general: Channel
) -> None:
    other = slack.add_channel("other")
    for number in range(5):
        await client.chat_postMessage(channel=general.id, text=str(number))
    with pytest.raises(SlackApiError, match="ratelimited"):
        await client.chat_postMessage(channel=general.id, text="5")
    await client.chat_postMessage(channel=other.id, text="0")
    slack.limits.enforced = False
    await client.chat_postMessage(channel=general.id, text="5")


async def test_a_storm_refuses_so_many_calls_and_whoever_waits_passes(
    slack: FakeSlack, client: AsyncWebClient, general: Channel
) -> None:
    slack.limits.storm(2, "chat.postMessage", retry_after=1)
    client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=2))
    started = time.monotonic()
    await client.chat_postMessage(channel=general.id, text="at last")
    assert time.monotonic() - started >= 2
    assert (len(slack.limits.refusals), slack.limits.impatient) == (2, [])


async def test_whoever_does_not_wait_is_noted(slack: FakeSlack, client: AsyncWebClient) -> None:
    slack.limits.storm(1)
    with pytest.raises(SlackApiError, match="ratelimited"):
        await client.auth_test()
    await client.auth_test()
    assert [refusal.key for refusal in slack.limits.impatient] == [f"auth.test {slack.team.id}"]
