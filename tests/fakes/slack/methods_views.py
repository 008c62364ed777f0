"""views.*: modals and home tabs."""

import time

from fakes.slack.methods_chat import named
from fakes.slack.model import Json, SlackError, View
from fakes.slack.validation import check_view
from fakes.slack.world import Call, Method, view_json


def opened(call: Call) -> Json:
    """``views.open``."""
    user = _triggered(call)
    body = check_view(call.args.get("view"))
    if body["type"] != "modal":
        raise SlackError("invalid_arguments", ["[ERROR] must be one of: modal [json-pointer:/view/type]"])
    return _shown(call, _new(call, user, body))


def _triggered(call: Call) -> str:
    """The user of the trigger_id, which opens one view, within three seconds."""
    trigger = call.world.triggers.get(call.text("trigger_id"))
    if trigger is None:
        raise SlackError("invalid_trigger_id")
    if trigger.used:
        raise SlackError("exchanged_trigger_id")
    if time.monotonic() > trigger.until:
        raise SlackError("expired_trigger_id")
    trigger.used = True
    return trigger.user


def _new(call: Call, user: str, body: Json) -> View:
    view = View(call.state.new_id("V"), call.installation.team.id, user, _named(call, body), call.state.new_ts())
    call.state.views[view.id] = view
    return view


def _named(call: Call, body: Json) -> Json:
    return body | {"blocks": named(call.state, body["blocks"])}


def updated(call: Call) -> Json:
    """``views.update``."""
    view = _found(call)
    if not view.open:
        raise SlackError("not_found")
    wanted = call.maybe("hash")
    if wanted is not None and wanted != view.hash:
        raise SlackError("hash_conflict")
    view.body = _named(call, check_view(call.args.get("view")))
    view.hash = call.state.new_ts()
    return _shown(call, view)


def _found(call: Call) -> View:
    external = call.maybe("external_id")
    for view in call.state.views.values():
        if view.id == call.maybe("view_id") or (external and view.body.get("external_id") == external):
            return view
    raise SlackError("not_found")


def published(call: Call) -> Json:
    """``views.publish``."""
    user = call.text("user_id")
    if user not in call.state.users:
        raise SlackError("user_not_found")
    body = check_view(call.args.get("view"))
    if body["type"] != "home":
        raise SlackError("invalid_arguments", ["[ERROR] must be one of: home [json-pointer:/view/type]"])
    for view in call.state.views.values():
        if view.user == user and view.body["type"] == "home":
            view.body, view.hash = _named(call, body), call.state.new_ts()
            return _shown(call, view)
    return _shown(call, _new(call, user, body))


def _shown(call: Call, view: View) -> Json:
    call.seen_by(view.user)
    return {"view": view_json(view, call.world, call.installation.bot.bot_id or "")}


METHODS = {
    "views.open": Method(opened, None, 4),
    "views.update": Method(updated, None, 4),
    "views.publish": Method(published, None, 4),
}
