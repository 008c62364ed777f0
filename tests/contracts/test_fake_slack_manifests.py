"""The fake Slack takes the manifests that Slack takes, and is then no more than they say."""

from copy import deepcopy
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from fakes.slack.manifests import checked
from fakes.slack.server import FakeSlack

Json = dict[str, Any]
GOOD: Json = {
    "display_information": {"name": "Footnote", "description": "Answers", "background_color": "#1f3a5f"},
    "features": {
        "bot_user": {"display_name": "Footnote", "always_online": True},
        "agent_view": {"agent_description": "Ask", "suggested_prompts": [{"title": "t", "message": "m"}]},
        "slash_commands": [{"command": "/ask", "description": "Ask"}],
        "shortcuts": [{"name": "Ask", "type": "message", "callback_id": "ask", "description": "Ask"}],
    },
    "oauth_config": {"scopes": {"bot": ["chat:write", "commands", "im:history"]}},
    "settings": {"event_subscriptions": {"bot_events": ["message.im"]}, "socket_mode_enabled": True},
}


def changed(path: str, value: Any) -> Json:
    """The good manifest with one thing otherwise."""
    manifest = deepcopy(GOOD)
    *within, last = path.split("/")
    part: Any = manifest
    for name in within:
        part = part[int(name) if name.isdigit() else name]
    part[int(last) if last.isdigit() else last] = value
    return manifest


def test_a_good_manifest_has_no_problems() -> None:
    assert checked(GOOD) == []


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("display_information/name", "x" * 36, "/display_information/name"),
        ("display_information/description", "x" * 141, "/display_information/description"),
        ("display_information/long_description", "short", "/display_information/long_description"),
        ("display_information/background_color", "blue", "must be a colour"),
        ("features/agent_view/agent_description", "", "/features/agent_view/agent_description"),
        ("features/slash_commands/0/command", "ask", "must start with a slash"),
        ("features/slash_commands/0/description", None, "/features/slash_commands/0/description"),
        ("features/shortcuts/0/name", "x" * 25, "/features/shortcuts/0/name"),
        ("features/shortcuts/0/type", "channel", "must be one of: message, global"),
        ("oauth_config/scopes/bot", ["chat:write", "commands"], "message.im requires the scope im:history"),
        ("oauth_config/scopes/bot", ["im:history"], "slash commands require the scope commands"),
        ("settings/event_subscriptions/bot_events", ["message.carrier"], "unknown event: message.carrier"),
        ("settings/socket_mode_enabled", False, "/settings/event_subscriptions/request_url"),
    ],
)
def test_what_slack_would_refuse_is_told_with_its_place(path: str, value: Any, said: str) -> None:
    assert any(said in problem for problem in checked(changed(path, value)))


async def test_the_app_is_what_its_manifest_says_and_no_more(slack: FakeSlack) -> None:
    slack.configure(GOOD)
    anna = slack.add_user("anna")
    general = slack.add_channel("general", anna)
    await slack.say(anna, general, f"{slack.bot.mention} hello")
    assert slack.deliveries.all == [], "it has neither the event nor the scope"
    await slack.say(anna, slack.dm(anna), "hello")
    assert [delivery.kind for delivery in slack.deliveries.all] == ["message"]
    with pytest.raises(SlackApiError, match="missing_scope"):
        await AsyncWebClient(token=slack.bot_token, base_url=slack.base_url).users_info(user=anna.id)
    with pytest.raises(AssertionError, match="the app has no command /tell"):
        await slack.command(anna, general, "/tell")
    with pytest.raises(AssertionError, match="the app has no shortcut tell"):
        await slack.shortcut(anna, "tell")
    with pytest.raises(AssertionError, match="/display_information/name"):
        slack.configure(changed("display_information/name", ""))


async def test_how_the_app_is_set_is_told_to_a_configuration_token_alone(slack: FakeSlack) -> None:
    def by(token: str) -> AsyncWebClient:
        return AsyncWebClient(token=token, base_url=slack.base_url)

    mine, app = slack.config_token(), slack.world.app_id
    with pytest.raises(SlackApiError, match="failed_export"):
        await by(mine).apps_manifest_export(app_id=app)
    slack.configure(GOOD)
    told = await by(mine).apps_manifest_export(app_id=app)
    assert told["manifest"]["_metadata"]["major_version"] == 2
    assert GOOD.items() <= told["manifest"].items()
    refused = {
        "not_allowed_token_type": (slack.bot_token, app),
        "invalid_auth": ("xoxe.xoxp-1-x", app),
        "token_expired": (slack.config_token(seconds=-1), app),
        "no_permission": (slack.config_token(apps=()), app),
        "app_not_found": (mine, "A9999999999"),
        "invalid_app_id": (mine, "footnote"),
    }
    for error, (token, which) in refused.items():
        with pytest.raises(SlackApiError, match=error):
            await by(token).apps_manifest_export(app_id=which)


async def test_how_the_app_is_set_may_be_asked_fifty_times_a_minute(slack: FakeSlack) -> None:
    slack.configure(GOOD)
    client = AsyncWebClient(token=slack.config_token(), base_url=slack.base_url)
    for _ in range(50):
        await client.apps_manifest_export(app_id=slack.world.app_id)
    with pytest.raises(SlackApiError, match="ratelimited"):
        await client.apps_manifest_export(app_id=slack.world.app_id)
