"""assistant.threads.* and agents.sessions.*: what an agent says of its work."""

from fakes.slack.methods_streams import SESSION_STATES
from fakes.slack.model import Channel, Json, Session, SlackError
from fakes.slack.world import Call, Method

PROMPTS = 4


def _thread(call: Call) -> tuple[Channel, str]:
    channel = call.member_channel("channel_id")
    ts = call.text("thread_ts")
    if ts not in channel.messages:
        raise SlackError("message_not_found")
    call.seen_in(channel)
    return channel, channel.messages[ts].root


def set_status(call: Call) -> Json:
    """``assistant.threads.setStatus``."""
    channel, root = _thread(call)
    if len(call.args.get("loading_messages") or []) > 10:
        raise SlackError(
            "invalid_arguments", ["[ERROR] no more than 10 items allowed [json-pointer:/loading_messages]"]
        )
    status = str(call.args.get("status", ""))
    if status:
        call.state.statuses[(channel.id, root)] = status
    else:
        call.state.statuses.pop((channel.id, root), None)
    return {}


def set_prompts(call: Call) -> Json:
    """Sets up to four prompts. In the agent view a thread_ts makes it do nothing, and say nothing of it."""
    channel = call.member_channel("channel_id")
    prompts = call.args.get("prompts")
    if not isinstance(prompts, list) or not 1 <= len(prompts) <= PROMPTS:
        raise SlackError("invalid_arguments", ["[ERROR] 1 to 4 items allowed [json-pointer:/prompts]"])
    if not all(isinstance(p, dict) and p.get("title") and p.get("message") for p in prompts):
        raise SlackError("invalid_arguments", ["[ERROR] missing required field: title or message"])
    thread = call.maybe("thread_ts")
    if not call.world.settings.agent_view:
        _, thread = _thread(call)
    elif thread is not None:
        return {}
    call.seen_in(channel)
    call.state.prompts[(channel.id, thread)] = prompts
    return {}


def set_title(call: Call) -> Json:
    """``assistant.threads.setTitle``."""
    channel, root = _thread(call)
    call.state.titles[(channel.id, root)] = call.text("title")
    return {}


def session_status(call: Call) -> Json:
    """``agents.sessions.setStatus``."""
    channel, root = _thread(call)
    status = call.text("status")
    if status not in SESSION_STATES:
        raise SlackError("invalid_arguments", ["[ERROR] must be one of: active, processing, suspended, closed"])
    title = call.maybe("title")
    if title is not None and len(title) > 200:
        raise SlackError("invalid_arguments", ["[ERROR] must be less than 201 characters [json-pointer:/title]"])
    known = call.state.sessions.get((channel.id, root))
    session = Session(status, known.title if known else title)
    call.state.sessions[(channel.id, root)] = session
    answer: Json = {"status": status, "agent_status": status, "title": session.title}
    if "agent_session_stopped" not in call.world.settings.events:
        answer["warning"] = "missing_agent_session_stopped_event_subscription"
    return answer


def rename(call: Call) -> Json:
    """``agents.sessions.rename``."""
    channel, root = _thread(call)
    known = call.state.sessions.get((channel.id, root))
    if known is None:
        raise SlackError("session_not_found")
    known.title = call.text("title")
    return {"title": known.title}


METHODS = {
    "assistant.threads.setStatus": Method(set_status, "chat:write", "special"),
    "assistant.threads.setSuggestedPrompts": Method(set_prompts, "assistant:write", 4),
    "assistant.threads.setTitle": Method(set_title, "assistant:write", 4),
    "agents.sessions.setStatus": Method(session_status, "chat:write", 3),
    "agents.sessions.rename": Method(rename, "chat:write", 3),
}
