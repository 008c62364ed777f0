"""The fake Slack's Web API through the real client: what is asked, what is refused, what it remembers."""

from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient

from fakes.slack.model import Fault
from fakes.slack.server import FakeSlack

Json = dict[str, Any]
BUTTON = {"type": "button", "action_id": "go", "value": "1", "text": {"type": "plain_text", "text": "Go"}}
GO = {"type": "actions", "elements": [BUTTON]}


def refused(call: pytest.ExceptionInfo[SlackApiError]) -> AsyncSlackResponse:
    response: AsyncSlackResponse = call.value.response
    return response


async def test_a_token_tells_who_the_bot_is_and_what_it_may_do(slack: FakeSlack, client: AsyncWebClient) -> None:
    me = await client.auth_test()
    assert (me["user_id"], me["team_id"], me["team"]) == (slack.bot.id, slack.team.id, "Acme")
    assert "chat:write" in me.headers["X-OAuth-Scopes"].split(",")
    bot = await client.bots_info(bot=me["bot_id"])
    assert bot["bot"]["user_id"] == slack.bot.id
    assert (await client.team_info())["team"]["domain"] == "acme"


@pytest.mark.parametrize(("token", "error"), [("xoxb-wrong", "invalid_auth"), (None, "not_authed")])
async def test_without_a_good_token_nothing_is_answered(slack: FakeSlack, token: str | None, error: str) -> None:
    with pytest.raises(SlackApiError, match=error):
        await AsyncWebClient(token=token, base_url=slack.base_url).users_list()


async def test_a_revoked_token_and_an_app_token_are_refused_by_their_own_names(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        await client.auth_test(token=slack.app_token)
    slack.uninstall(slack.team)
    with pytest.raises(SlackApiError, match="token_revoked"):
        await client.auth_test()


async def test_a_missing_scope_is_named_with_those_there_are(slack: FakeSlack, client: AsyncWebClient) -> None:
    slack.installation.scopes[:] = ["chat:write"]
    with pytest.raises(SlackApiError, match="missing_scope") as call:
        await client.usergroups_list()
    assert (refused(call)["needed"], refused(call)["provided"]) == ("usergroups:read", "chat:write")


async def test_an_unknown_method_and_a_body_that_is_no_json_are_refused(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    with pytest.raises(SlackApiError, match="unknown_method"):
        await client.api_call("chat.postPigeon")
    headers = {"Authorization": f"Bearer {slack.bot_token}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession() as session:
        for body, error in ((b"{", "invalid_json"), (b"[]", "json_not_object")):
            async with session.post(slack.base_url + "chat.postMessage", data=body, headers=headers) as response:
                assert (await response.json())["error"] == error


async def test_a_form_and_json_post_the_same(slack: FakeSlack, client: AsyncWebClient) -> None:
    general = slack.add_channel("general")
    asked: Json = {"channel": general.id, "text": "hello", "blocks": [GO]}
    await client.api_call("chat.postMessage", json=asked)
    await client.api_call("chat.postMessage", data=asked | {"blocks": '[{"type": "divider"}]'})
    assert slack.transcript(general) == ["footnote: Go", "footnote: hello"]


async def test_a_reply_is_in_its_thread_and_not_in_the_channel(slack: FakeSlack, client: AsyncWebClient) -> None:
    anna = slack.add_user("anna")
    general = slack.add_channel("general", anna)
    question = await slack.say(anna, general, "how long?")
    answer = await client.chat_postMessage(channel=general.id, text="two years", thread_ts=question.ts)
    history = await client.conversations_history(channel=general.id)
    assert [message["text"] for message in history["messages"]] == ["how long?"]
    assert history["messages"][0]["reply_count"] == 1
    replies = await client.conversations_replies(channel=general.id, ts=question.ts)
    assert [message["ts"] for message in replies["messages"]] == [question.ts, answer["ts"]]
    assert replies["messages"][1]["bot_id"] == slack.bot.bot_id


async def test_pages_of_a_thread_come_by_cursor(slack: FakeSlack, client: AsyncWebClient) -> None:
    anna = slack.add_user("anna")
    general = slack.add_channel("general", anna)
    question = await slack.say(anna, general, "0")
    for number in range(1, 5):
        await slack.say(anna, general, str(number), question.ts)
    texts: list[str] = []
    async for page in await client.conversations_replies(channel=general.id, ts=question.ts, limit=2):
        texts += [message["text"] for message in page["messages"]]
    assert texts == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("kind", "bot", "error"),
    [("public", False, "not_in_channel"), ("private", False, "channel_not_found"), ("public", True, "is_archived")],
)
async def test_where_the_bot_may_not_write_it_is_told_why(
    slack: FakeSlack, client: AsyncWebClient, kind: Any, bot: bool, error: str
) -> None:
    anna = slack.add_user("anna")
    channel = slack.add_channel("there", anna, kind=kind, bot=bot)
    channel.archived = bot
    with pytest.raises(SlackApiError, match=error):
        await client.chat_postMessage(channel=channel.id, text="hello")
    with pytest.raises(SlackApiError, match=error):
        await client.chat_postEphemeral(channel=channel.id, user=anna.id, text="hello")


async def test_what_cannot_be_found_is_named(slack: FakeSlack, client: AsyncWebClient) -> None:
    general = slack.add_channel("general")
    with pytest.raises(SlackApiError, match="channel_not_found"):
        await client.chat_postMessage(channel="C404", text="hello")
    with pytest.raises(SlackApiError, match="thread_not_found"):
        await client.chat_postMessage(channel=general.id, text="hello", thread_ts="1.000001")
    with pytest.raises(SlackApiError, match="message_not_found"):
        await client.chat_update(channel=general.id, ts="1.000001", text="hello")
    with pytest.raises(SlackApiError, match="no_text"):
        await client.api_call("chat.postMessage", json={"channel": general.id})


async def test_an_update_with_a_text_alone_takes_the_blocks_away(slack: FakeSlack, client: AsyncWebClient) -> None:
    general = slack.add_channel("general")
    ts = (await client.chat_postMessage(channel=general.id, text="searching", blocks=[GO]))["ts"]
    kept = await client.chat_update(channel=general.id, ts=ts, text="still searching", blocks=[GO])
    assert (kept["message"]["blocks"][0]["elements"], "edited" in kept["message"]) == ([BUTTON], False)
    updated = await client.chat_update(channel=general.id, ts=ts, text="found")
    assert "blocks" not in updated["message"]
    assert updated["message"]["edited"]["user"] == slack.bot.id
    assert len(general.messages[ts].versions) == 2


async def test_only_its_own_messages_can_be_changed_or_deleted(slack: FakeSlack, client: AsyncWebClient) -> None:
    anna = slack.add_user("anna")
    general = slack.add_channel("general", anna)
    hers = await slack.say(anna, general, "mine")
    with pytest.raises(SlackApiError, match="cant_update_message"):
        await client.chat_update(channel=general.id, ts=hers.ts, text="yours")
    with pytest.raises(SlackApiError, match="cant_delete_message"):
        await client.chat_delete(channel=general.id, ts=hers.ts)
    ts = (await client.chat_postMessage(channel=general.id, text="own"))["ts"]
    await client.chat_delete(channel=general.id, ts=ts)
    assert slack.transcript(general) == ["anna: mine"]


async def test_an_ephemeral_message_is_seen_by_one_and_is_in_no_history(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    anna, bert = slack.add_user("anna"), slack.add_user("bert")
    general = slack.add_channel("general", anna)
    await client.chat_postEphemeral(channel=general.id, user=anna.id, text="for you")
    assert slack.transcript(general) == ["footnote (only anna sees it): for you"]
    assert (await client.conversations_history(channel=general.id))["messages"] == []
    assert slack.sent("chat.postEphemeral")[0].readers == {anna.id}
    with pytest.raises(SlackApiError, match="user_not_in_channel"):
        await client.chat_postEphemeral(channel=general.id, user=bert.id, text="for you")


async def test_a_permalink_leads_to_the_thread(slack: FakeSlack, client: AsyncWebClient) -> None:
    general = slack.add_channel("general")
    root = (await client.chat_postMessage(channel=general.id, text="root"))["ts"]
    reply = (await client.chat_postMessage(channel=general.id, text="reply", thread_ts=root))["ts"]
    link = (await client.chat_getPermalink(channel=general.id, message_ts=reply))["permalink"]
    assert link.endswith(f"/archives/{general.id}/p{reply.replace('.', '')}?thread_ts={root}&cid={general.id}")


async def test_an_address_is_told_only_with_the_scope_and_never_of_strangers(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    anna, guest = slack.add_user("anna"), slack.add_user("gus", guest=True)
    xen = slack.add_user("xen", team=slack.add_team("Other"))
    assert (await client.users_info(user=anna.id))["user"]["profile"]["email"] == "anna@acme.example"
    assert (await client.users_info(user=guest.id))["user"]["is_restricted"] is True
    stranger = (await client.users_info(user=xen.id))["user"]
    assert (stranger["is_stranger"], stranger["profile"].get("email")) == (True, None)
    slack.add_channel("shared", anna, xen, shared_with=[slack.state.teams[xen.team]])
    known = (await client.users_info(user=xen.id))["user"]
    assert (known["team_id"], known.get("is_stranger")) == (xen.team, None)
    slack.installation.scopes.remove("users:read.email")
    assert "email" not in (await client.users_info(user=anna.id))["user"]["profile"]
    with pytest.raises(SlackApiError, match="user_not_found"):
        await client.users_info(user="U404")


async def test_user_groups_have_their_members(slack: FakeSlack, client: AsyncWebClient) -> None:
    anna = slack.add_user("anna")
    group = slack.add_group("finance", anna)
    assert (await client.usergroups_list(include_users=True))["usergroups"][0]["users"] == [anna.id]
    assert (await client.usergroups_users_list(usergroup=group.id))["users"] == [anna.id]
    with pytest.raises(SlackApiError, match="no_such_subteam"):
        await client.usergroups_users_list(usergroup="S404")


async def test_channels_are_described_and_direct_messages_opened(slack: FakeSlack, client: AsyncWebClient) -> None:
    anna = slack.add_user("anna")
    other = slack.add_team("Other")
    shared = slack.add_channel("shared", anna, shared_with=[other])
    info = (await client.conversations_info(channel=shared.id))["channel"]
    assert (info["is_ext_shared"], info["is_private"], info["name"]) == (True, False, "shared")
    assert set((await client.conversations_members(channel=shared.id))["members"]) == {anna.id, slack.bot.id}
    opened = (await client.conversations_open(users=anna.id))["channel"]["id"]
    assert opened == slack.dm(anna).id
    assert (await client.conversations_info(channel=opened))["channel"]["user"] == anna.id
    posted = await client.chat_postMessage(channel=anna.id, text="hello")
    assert posted["channel"] == opened


async def test_a_reaction_is_added_once_and_taken_back_once(slack: FakeSlack, client: AsyncWebClient) -> None:
    general = slack.add_channel("general")
    ts = (await client.chat_postMessage(channel=general.id, text="hello"))["ts"]
    await client.reactions_add(channel=general.id, timestamp=ts, name="eyes")
    with pytest.raises(SlackApiError, match="already_reacted"):
        await client.reactions_add(channel=general.id, timestamp=ts, name="eyes")
    await client.reactions_remove(channel=general.id, timestamp=ts, name="eyes")
    with pytest.raises(SlackApiError, match="no_reaction"):
        await client.reactions_remove(channel=general.id, timestamp=ts, name="eyes")


@pytest.mark.filterwarnings("ignore:BasicAuth is deprecated")  # slack_sdk's use of aiohttp
async def test_an_oauth_code_gives_a_token_once_for_the_app_that_asked(slack: FakeSlack) -> None:
    other = slack.add_team("Other")
    olga = slack.add_user("olga", team=other)
    client = AsyncWebClient(base_url=slack.base_url)
    app = {"client_id": slack.client_id, "client_secret": slack.client_secret}
    code = slack.code(other, olga, "https://bot.example/back", ["chat:write", "users:read"])
    with pytest.raises(SlackApiError, match="bad_client_secret"):
        await client.oauth_v2_access(client_id=slack.client_id, client_secret="wrong", code=code)
    made = await client.oauth_v2_access(**app, code=code, redirect_uri="https://bot.example/back")
    assert (made["team"]["id"], made["authed_user"]["id"], made["scope"]) == (
        other.id,
        olga.id,
        "chat:write,users:read",
    )
    assert (await client.auth_test(token=made["access_token"]))["team_id"] == other.id
    with pytest.raises(SlackApiError, match="invalid_code"):
        await client.oauth_v2_access(**app, code=code, redirect_uri="https://bot.example/back")


async def test_whoever_comes_to_the_page_of_consent_is_sent_back_with_a_code(slack: FakeSlack) -> None:
    slack.add_user("anna")
    query = {
        "client_id": slack.client_id,
        "scope": "chat:write",
        "state": "s1",
        "redirect_uri": "https://bot.example/b",
    }
    async with aiohttp.ClientSession() as session:
        async with session.get(slack.authorize_url, params=query, allow_redirects=False) as response:
            back = response.headers["Location"]
        async with session.get(slack.authorize_url, params={"client_id": "wrong"}) as response:
            assert response.status == 400
    assert back.startswith("https://bot.example/b?code=")
    assert back.endswith("&state=s1")


async def test_an_apps_token_opens_a_connection_and_no_other_does(slack: FakeSlack, client: AsyncWebClient) -> None:
    opened = await client.apps_connections_open(app_token=slack.app_token)
    assert opened["url"].startswith("ws://127.0.0.1:")
    with pytest.raises(SlackApiError, match="invalid_auth"):
        await client.apps_connections_open(app_token=slack.bot_token)
    slack.world.app_tokens[slack.app_token].clear()
    with pytest.raises(SlackApiError, match="missing_scope"):
        await client.apps_connections_open(app_token=slack.app_token)


async def test_a_response_url_answers_five_times(slack: FakeSlack, client: AsyncWebClient) -> None:
    anna = slack.add_user("anna")
    general = slack.add_channel("general", anna)
    delivery = await slack.command(anna, general, "/ask", "how long?")
    webhook = AsyncWebhookClient(delivery.payload["response_url"])
    assert (await webhook.send(text="private")).status_code == 200
    assert (await webhook.send(text="public", response_type="in_channel")).body == "ok"
    assert (await webhook.send(text="changed", replace_original=True)).status_code == 200
    assert (await webhook.send(delete_original=True)).status_code == 200
    assert (await webhook.send(text="again")).status_code == 200
    assert (await webhook.send(text="once more")).body == "used_url"
    assert slack.transcript(general) == ["footnote: public", "footnote (only anna sees it): again"]
    assert (await AsyncWebhookClient(f"{slack.world.url}/respond/R404").send(text="x")).status_code == 404


async def test_planned_errors_come_once_each_in_order(slack: FakeSlack, client: AsyncWebClient) -> None:
    slack.errors["auth.test"] = ["internal_error", "fatal_error"]
    for error in ("internal_error", "fatal_error"):
        with pytest.raises(SlackApiError, match=error):
            await client.auth_test()
    assert (await client.auth_test())["ok"]


async def test_all_that_is_sent_is_kept_with_who_can_read_it(slack: FakeSlack, client: AsyncWebClient) -> None:
    anna, bert = slack.add_user("anna"), slack.add_user("bert")
    guest = slack.add_user("gus", guest=True)
    general, secret = slack.add_channel("general", anna), slack.add_channel("board", anna, kind="private")
    await client.chat_postMessage(channel=secret.id, text="canary", blocks=[GO])
    assert slack.leaked("canary", anna) == []
    await client.chat_postMessage(channel=general.id, text="the canary")
    assert slack.leaked("canary", anna) == ["chat.postMessage is read by bert", "a message in general is read by bert"]
    assert slack.leaked("canary", anna, bert) == []
    assert slack.outbound[-1].readers == {anna.id, bert.id, slack.bot.id}
    assert guest.id not in slack.outbound[-1].readers
    with pytest.raises(SlackApiError):
        await client.chat_postMessage(channel="C404", text="canary")
    assert slack.outbound[-1].readers == frozenset()


async def test_a_secret_is_found_in_pieces_of_a_stream_and_in_what_was_changed_since(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    anna, bert = slack.add_user("anna"), slack.add_user("bert")
    general = slack.add_channel("general", anna, bert)
    asked = await slack.say(anna, general, "how long?")
    to: Json = {
        "channel": general.id,
        "thread_ts": asked.ts,
        "recipient_user_id": anna.id,
        "recipient_team_id": anna.team,
    }
    ts = (await client.chat_startStream(**to, markdown_text="the can"))["ts"]
    await client.chat_appendStream(channel=general.id, ts=ts, markdown_text="ary")
    await client.chat_stopStream(channel=general.id, ts=ts)
    await client.chat_update(channel=general.id, ts=ts, text="nothing")
    assert slack.leaked("canary", anna) == ["a message in general is read by bert"]


async def test_metadata_is_told_where_it_is_asked_for(slack: FakeSlack, client: AsyncWebClient) -> None:
    general = slack.add_channel("general")
    marked = {"event_type": "answer", "event_payload": {"id": "a1"}}
    await client.chat_postMessage(channel=general.id, text="hello", metadata=marked)
    assert "metadata" not in (await client.conversations_history(channel=general.id))["messages"][0]
    told = await client.conversations_history(channel=general.id, include_all_metadata=True)
    assert told["messages"][0]["metadata"] == marked


async def test_a_person_is_found_by_address(slack: FakeSlack, client: AsyncWebClient) -> None:
    anna = slack.add_user("anna")
    assert (await client.users_lookupByEmail(email="Anna@acme.example"))["user"]["id"] == anna.id
    with pytest.raises(SlackApiError, match="users_not_found"):
        await client.users_lookupByEmail(email="bert@acme.example")


async def test_what_goes_wrong_around_a_call_is_no_answer_of_slacks(slack: FakeSlack, client: AsyncWebClient) -> None:
    general = slack.add_channel("general")
    slack.errors["chat.postMessage"] = [Fault(status=503), Fault(cut=True), Fault(delay=0.05)]
    with pytest.raises(SlackApiError) as call:
        await client.chat_postMessage(channel=general.id, text="lost")
    assert call.value.response.status_code == 503
    client.retry_handlers.clear()
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=general.id, text="posted, though nobody knows")
    await client.chat_postMessage(channel=general.id, text="late")
    assert slack.transcript(general) == ["footnote: posted, though nobody knows", "footnote: late"]
