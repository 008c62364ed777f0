"""Making workspaces: teams, people, channels, groups, the app in them."""

import copy
import time
from collections.abc import Iterable

from fakes.slack import manifests, oauth
from fakes.slack.core import Core
from fakes.slack.model import Channel, Group, Installation, Json, Kind, Team, User
from fakes.slack.settings import SCOPES
from fakes.slack.world import ConfigToken


class Building(Core):
    """Adds to the world before, or while, the app is used."""

    team: Team
    """The first workspace, where the app is installed."""

    def add_team(self, name: str) -> Team:
        """A further workspace."""
        team = Team(self.world.state.new_id("T"), name)
        self.world.state.teams[team.id] = team
        return team

    def install(self, team: Team, scopes: Iterable[str] = SCOPES, by: User | None = None) -> Installation:
        """Installs the app as OAuth would, without the page; a second time gives a new token."""
        return oauth.install(self.world, team, by.id if by else "U0", list(scopes))

    def configure(self, manifest: Json) -> None:
        """Makes the app what the manifest says, and installs it so where it was installed.

        What is changed in ``world.manifest`` after that is as though on the app's page, without installing it again.

        :raises AssertionError: where Slack would refuse the manifest.
        """
        app, settings = manifests.read(manifest), self.world.settings
        self.world.manifest = copy.deepcopy(manifest)
        settings.events, settings.commands, settings.shortcuts = app.events, app.commands, app.shortcuts
        settings.agent_view, settings.redirect_url = app.agent_view, app.redirect_url
        for installation in self.world.state.installations.values():
            installation.scopes[:] = app.scopes

    def config_token(self, *, apps: Iterable[str] | None = None, seconds: float = 12 * 3600) -> str:
        """As the page of a person's apps makes one; ``apps``, where they are not all, are theirs."""
        token = f"xoxe.xoxp-1-{self.world.state.new_id('')}"
        theirs = {self.world.app_id} if apps is None else set(apps)
        self.world.config_tokens[token] = ConfigToken(time.monotonic() + seconds, theirs)
        return token

    def code(self, team: Team, user: User, redirect_uri: str | None = None, scopes: Iterable[str] = SCOPES) -> str:
        """An OAuth code, as though the person had agreed; oauth.v2.access gives a token for it."""
        return oauth.code(self.world, team, user, list(scopes), redirect_uri)

    def uninstall(self, team: Team) -> None:
        """Takes the app away: its token is revoked, and it is told so."""
        installation = self.world.state.installed(team.id)
        tokens = {"oauth": [], "bot": [installation.bot.id]}
        self.post(installation, {"type": "tokens_revoked", "tokens": tokens, "event_ts": self.world.state.new_ts()})
        self.post(installation, {"type": "app_uninstalled", "event_ts": self.world.state.new_ts()})
        installation.revoked = True

    def add_user(self, name: str, *, team: Team | None = None, email: str | None = "", guest: bool = False) -> User:
        """A person, whose address is ``NAME@TEAM.example`` unless it is told or ``None``."""
        home = team or self.team
        address = f"{name}@{home.domain}.example" if email == "" else email
        user = User(self.world.state.new_id("U"), home.id, name, address, restricted=guest)
        self.world.state.users[user.id] = user
        return user

    def add_bot(self, name: str, team: Team | None = None) -> User:
        """Another app's bot."""
        bot = User(self.world.state.new_id("U"), (team or self.team).id, name, bot_id=self.world.state.new_id("B"))
        self.world.state.users[bot.id] = bot
        return bot

    def add_channel(
        self, name: str, *members: User, kind: Kind = "public", bot: bool = True, shared_with: Iterable[Team] = ()
    ) -> Channel:
        """A channel of those members, in the first one's workspace unless it is shared from ours.

        The app's bot is in it too, unless it is told not to be there.
        """
        state, shared = self.world.state, {team.id for team in shared_with}
        home = self.team.id if shared or not members else members[0].team
        within = {user.id for user in members} | ({state.installed(home).bot.id} if bot else set())
        channel = Channel(state.new_id("C"), home, name, kind, within, shared)
        state.channels[channel.id] = channel
        return channel

    def join(self, user: User, channel: Channel) -> None:
        """Add the person to the channel, and tell the app."""
        channel.members.add(user.id)
        for installation in self.listening(channel):
            event = {"type": "member_joined_channel", "user": user.id, "channel": channel.id, "team": channel.team}
            self.post(installation, event | {"event_ts": self.world.state.new_ts()}, channel)

    def dm(self, user: User) -> Channel:
        """The person's direct messages with the app, in the person's own workspace."""
        return self.world.state.dm(user, self.world.state.installed(user.team))

    def add_group(self, handle: str, *users: User) -> Group:
        """A user group."""
        group = Group(self.world.state.new_id("S"), self.team.id, handle, [user.id for user in users])
        self.world.state.groups[group.id] = group
        return group
