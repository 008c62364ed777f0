"""auth.test, bots.info, team.info, users.*, usergroups.*: who there is."""

from fakes.slack.model import Json, SlackError, User
from fakes.slack.payloads import user_json
from fakes.slack.world import Call, Method


def auth_test(call: Call) -> Json:
    """``auth.test``."""
    installation = call.installation
    return {
        "url": f"https://{installation.team.domain}.slack.com/",
        "team": installation.team.name,
        "user": installation.bot.name,
        "team_id": installation.team.id,
        "user_id": installation.bot.id,
        "bot_id": installation.bot.bot_id,
        "is_enterprise_install": False,
    }


def bots_info(call: Call) -> Json:
    """``bots.info``."""
    for user in call.state.users.values():
        if user.bot_id is not None and user.bot_id == call.text("bot"):
            own = user is call.installation.bot
            app = call.world.app_id if own else f"A{user.bot_id[1:]}"
            bot = {"id": user.bot_id, "name": user.name, "app_id": app, "user_id": user.id, "deleted": user.deleted}
            return {"bot": bot}
    raise SlackError("bot_not_found")


def team_info(call: Call) -> Json:
    """``team.info``."""
    team = call.state.teams.get(call.maybe("team") or call.installation.team.id)
    if team is None:
        raise SlackError("team_not_found")
    return {"team": {"id": team.id, "name": team.name, "domain": team.domain, "email_domain": ""}}


def _known(call: Call, user: User) -> Json:
    strange = call.state.strange(user, call.installation)
    email = "users:read.email" in call.installation.scopes
    return user_json(user, strange=strange, email=email and not strange)


def users_info(call: Call) -> Json:
    """``users.info``."""
    user = call.state.users.get(call.text("user"))
    if user is None:
        raise SlackError("user_not_found")
    return {"user": _known(call, user)}


def by_email(call: Call) -> Json:
    """``users.lookupByEmail``."""
    address = call.text("email").lower()
    for user in call.state.users.values():
        if (user.email or "").lower() == address and user.team == call.installation.team.id and not user.deleted:
            return {"user": _known(call, user)}
    raise SlackError("users_not_found")


def users_list(call: Call) -> Json:
    """The workspace's users, and those of others that it shares a channel with."""
    team = call.installation.team.id
    users = [u for u in call.state.users.values() if u.team == team or not call.state.strange(u, call.installation)]
    page, after = paged(call, [user.id for user in users])
    return {"members": [_known(call, call.state.users[u]) for u in page], "response_metadata": {"next_cursor": after}}


def groups_list(call: Call) -> Json:
    """``usergroups.list``."""
    out: list[Json] = []
    for group in call.state.groups.values():
        if group.team != call.installation.team.id:
            continue
        known: Json = {"id": group.id, "team_id": group.team, "handle": group.handle, "name": group.handle}
        known["date_delete"] = 0 if group.enabled else 1
        known["user_count"] = len(group.users)
        if call.flag("include_users"):
            known["users"] = list(group.users)
        out.append(known)
    return {"usergroups": [g for g in out if not g["date_delete"] or call.flag("include_disabled")]}


def group_users(call: Call) -> Json:
    """``usergroups.users.list``."""
    group = call.state.groups.get(call.text("usergroup"))
    if group is None or group.team != call.installation.team.id:
        raise SlackError("no_such_subteam")
    if not group.enabled and not call.flag("include_disabled"):
        raise SlackError("subteam_disabled")
    return {"users": list(group.users)}


def api_test(call: Call) -> Json:
    """``api.test``."""
    if call.maybe("error"):
        raise SlackError(call.text("error"), args=call.args)
    return {"args": call.args}


def paged(call: Call, ids: list[str]) -> tuple[list[str], str]:
    """A page of the ids and the cursor of the next; a cursor is the id to begin with."""
    limit = int(call.args.get("limit") or 100)
    if not 1 <= limit <= 1000:
        raise SlackError("invalid_limit")
    cursor = call.maybe("cursor")
    if cursor is not None and cursor not in ids:
        raise SlackError("invalid_cursor")
    first = ids.index(cursor) if cursor else 0
    rest = ids[first + limit :]
    return ids[first : first + limit], rest[0] if rest else ""


METHODS = {
    "api.test": Method(api_test, None, 4),
    "auth.test": Method(auth_test, None, "special"),
    "bots.info": Method(bots_info, "users:read", 3),
    "team.info": Method(team_info, "team:read", 3),
    "users.info": Method(users_info, "users:read", 4),
    "users.lookupByEmail": Method(by_email, "users:read.email", 3),
    "users.list": Method(users_list, "users:read", 2),
    "usergroups.list": Method(groups_list, "usergroups:read", 2),
    "usergroups.users.list": Method(group_users, "usergroups:read", 2),
}
