"""Who sees what in Slack: a canary in documents that are not for all, looked for in everything that the bot sends."""

import pytest

from fakes.slack.model import Channel, User
from fakes.slack.server import FakeSlack
from fakes.slack_bots import Ballot, Book, Library, Start
from indexes.types import PUBLIC, Audience

CANARY = "QUETZAL-7781"
OPEN = Book("pay", "Everyone is paid on the 25th")
SECRET = Book("pay|secret", f"The director earns {CANARY}", ("hr",), f"hr/{CANARY}.pdf")
HR = {"groups": [{"group": "hr", "emails": ["*@acme.example"]}]}


@pytest.fixture
def anna(slack: FakeSlack) -> User:
    return slack.add_user("anna")


async def ask(slack: FakeSlack, user: User, channel: Channel) -> str:
    """What the bot wrote in the thread of the question."""
    question = await slack.say(user, channel, f"{slack.bot.mention} when is pay, and what does the secret say?")
    await slack.settled()
    return "\n".join(message.content for message in slack.answers(channel, question.ts))


async def test_a_direct_message_is_answered_from_what_the_asker_may_see(
    slack: FakeSlack, start: Start, anna: User
) -> None:
    async with start(Library(OPEN, SECRET), **HR):
        assert CANARY in await ask(slack, anna, slack.dm(anna))
    assert slack.leaked(CANARY, anna) == []


async def test_a_user_group_counts_as_an_address_does(slack: FakeSlack, start: Start, anna: User) -> None:
    ben = slack.add_user("ben")
    group = slack.add_group("hr-team", anna)
    for name in (group.id, "hr-team", "@hr-team"):
        async with start(Library(OPEN, SECRET), groups=[{"group": "hr", "user_groups": [name]}]):
            assert CANARY in await ask(slack, anna, slack.dm(anna))
            assert CANARY not in await ask(slack, ben, slack.dm(ben))
    assert slack.leaked(CANARY, anna) == []


@pytest.mark.parametrize("kind", ["public", "private", "mpim"])
async def test_in_a_channel_only_what_everyone_may_see(slack: FakeSlack, start: Start, anna: User, kind: str) -> None:
    channel = slack.add_channel("general", anna, slack.add_user("ben"), kind=kind)  # type: ignore[arg-type]
    async with start(Library(OPEN, SECRET), people=[anna.id], **HR):
        assert "Everyone is paid on the 25th" in await ask(slack, anna, channel)
        question = await slack.say(anna, channel, f"{slack.bot.mention} what does the secret say?")
        await slack.settled()
        await slack.press(anna, slack.answers(channel, question.ts)[0], "footnote_person")
        await slack.settled()
    assert slack.leaked(CANARY) == []


async def test_a_private_channel_may_see_what_its_groups_may(slack: FakeSlack, start: Start, anna: User) -> None:
    staff = slack.add_channel("staff", anna, kind="private")
    async with start(Library(OPEN, SECRET), channels=[{"channel": "staff", "groups": ["hr"]}]):
        assert CANARY in await ask(slack, anna, staff)
    assert slack.leaked(CANARY, anna) == []


async def test_but_not_a_public_one_nor_one_shared_with_others(slack: FakeSlack, start: Start, anna: User) -> None:
    other = slack.add_team("Other")
    rules = [{"channel": name, "groups": ["hr"]} for name in ("general", "shared", "guests")]
    general = slack.add_channel("general", anna)
    shared = slack.add_channel("shared", anna, kind="private", shared_with=[other])
    guest = slack.add_user("guest", guest=True)
    guests = slack.add_channel("guests", anna, guest, kind="private")
    async with start(Library(OPEN, SECRET), channels=rules):
        for user, channel in ((anna, general), (anna, shared), (guest, guests)):
            assert "Everyone is paid" in await ask(slack, user, channel)
    assert slack.leaked(CANARY) == []


async def test_people_of_other_workspaces_guests_and_unconfirmed_addresses_get_what_is_public(
    slack: FakeSlack, start: Start, anna: User
) -> None:
    other = slack.add_team("Other")
    stranger = slack.add_user("stranger", team=other, email="stranger@acme.example")
    guest = slack.add_user("guest", guest=True)
    nobody = slack.add_user("nobody", email=None)
    shared = slack.add_channel("shared", anna, stranger, shared_with=[other])
    library = Library(OPEN, SECRET)
    async with start(library, channels=[{"channel": "shared", "ephemeral": True}], **HR):
        await ask(slack, stranger, shared)
        await slack.command(stranger, shared, "/ask", "what does the secret say?")
        await slack.command(guest, slack.dm(guest), "/ask", "what does the secret say?")
        await slack.settled()
        await ask(slack, guest, slack.dm(guest))
        await ask(slack, nobody, slack.dm(nobody))
    assert len(library.asked) == 5
    assert {question.audience for question in library.asked} == {PUBLIC}
    assert slack.leaked(CANARY) == []


async def test_what_is_shared_is_asked_again_for_the_channel(slack: FakeSlack, start: Start, anna: User) -> None:
    general = slack.add_channel("general", anna, slack.add_user("ben"))
    library = Library(OPEN, SECRET)
    async with start(library, channels=[{"channel": "general", "ephemeral": True}], **HR):
        question = await slack.say(anna, general, f"{slack.bot.mention} when is pay?")
        await slack.settled()
        (alone,) = slack.answers(general, question.ts)
        assert CANARY in alone.content
        await slack.press(anna, alone, "footnote_share")
        await slack.settled()
        _, shared = slack.answers(general, question.ts)
    assert "Everyone is paid on the 25th" in shared.content
    assert [question.audience for question in library.asked] == [Audience(frozenset({"hr"})), PUBLIC]
    assert slack.leaked(CANARY, anna) == []


async def test_what_the_channel_may_not_see_is_not_shared_at_all(slack: FakeSlack, start: Start, anna: User) -> None:
    ben = slack.add_user("ben")
    general = slack.add_channel("general", anna, ben)
    async with start(Library(OPEN, SECRET), **HR):
        await slack.command(anna, general, "/ask", "what does the secret say?")
        await slack.settled()
        alone = [*general.ephemerals.values()][-1]
        assert CANARY in alone.content
        await slack.press(anna, alone, "footnote_share")
        await slack.settled()
    assert "nothing was shared" in [*general.ephemerals.values()][-1].content
    assert slack.sent("chat.postMessage") == []
    assert slack.leaked(CANARY, anna) == []


async def test_only_who_asked_may_share_ask_people_and_rate(slack: FakeSlack, start: Start, anna: User) -> None:
    ben = slack.add_user("ben")
    general = slack.add_channel("general", anna, ben)
    ballot = Ballot()
    async with start(Library(OPEN, SECRET), ballot=ballot, people=[ben.id], **HR):
        await slack.command(anna, general, "/ask", "what does the secret say?")
        await slack.settled()
        alone = [*general.ephemerals.values()][-1]
        sent = len(slack.outbound)
        alone.ephemeral_for = ben.id  # as though Slack had shown it to another
        await slack.press(ben, alone, "footnote_share")
        await slack.press(ben, alone, "footnote_feedback", alone.blocks[-1]["elements"][0]["positive_button"]["value"])
        await slack.settled()
    assert slack.outbound[sent:] == []
    assert ballot.kept == {}


@pytest.mark.parametrize("method", ["users.info", "conversations.info", "usergroups.list"])
async def test_where_slack_does_not_tell_the_answer_is_from_what_is_public(
    slack: FakeSlack, start: Start, anna: User, method: str
) -> None:
    staff = slack.add_channel("staff", anna, kind="private")
    slack.errors[method] = ["internal_error"] * 9
    rules = {
        "channels": [{"channel": staff.id, "groups": ["hr"]}],
        "groups": [{"group": "hr", "user_groups": [slack.add_group("hr", anna).id]}],
    }
    place = slack.dm(anna) if method == "usergroups.list" else staff
    async with start(Library(OPEN, SECRET), **rules):
        assert "Everyone is paid" in await ask(slack, anna, place)
    assert slack.leaked(CANARY) == []
