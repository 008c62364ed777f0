"""Examples of requests and responses in the OpenAPI description, from the documents in ``samples/``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from api.openapi import library_examples as library
from api.openapi.library_examples import ANSWER as _ID
from api.openapi.library_examples import DOCUMENT as _DOCUMENT
from api.openapi.library_examples import QUOTE as _QUOTE

Json = dict[str, Any]
JSON, EVENTS = "application/json", "text/event-stream"
_QUESTION = "How many days of annual leave do I get?"
_URL = f"http://127.0.0.1:8000/view/{_DOCUMENT}?start=310&end=365&page=1"
_TEXT = "Full-time staff get 27 days of annual leave each year [1]."
_LOCATOR = {
    "page": 1,
    "sheet": None,
    "slide": None,
    "line_start": 9,
    "line_end": 9,
    "char_start": 310,
    "char_end": 365,
    "heading": ["1 Annual leave"],
}
_SOURCE = {"document": _DOCUMENT, "path": "handbook/leave-policy.pdf", "title": "Leave policy"}
_PLACE = {"place": "page 1, line 9", "url": _URL}
_CITATION = {
    "number": 1,
    **_SOURCE,
    **_PLACE,
    "quote": _QUOTE,
    "locator": _LOCATOR,
    "answer_spans": [[54, 57]],
    "support": 0.97,
}
_RETRIEVAL = {
    "query": _QUESTION,
    "hits": [{**_SOURCE, **_PLACE, "page": 1, "score": 1.42, "text": _QUOTE}],
    "left_out": {"passages": 0, "shortened": 0, "turns": 0},
}

_ASK: Json = {
    "question": "And in my first year?",
    "history": [{"role": "user", "text": _QUESTION}, {"role": "assistant", "text": _TEXT}],
    "filters": {"paths": ["handbook/**"]},
}
_ANSWER: Json = {
    "id": _ID,
    "conversation": None,
    "question": _QUESTION,
    "text": _TEXT,
    "status": "answered",
    "model": "gpt-4.1-mini",
    "citations": [_CITATION],
    "sentences": [
        {
            "text": _TEXT,
            "start": 0,
            "end": len(_TEXT),
            "citations": [1],
            "support": 0.97,
            "verdict": "supported",
            "finding": "",
            "contradicted": False,
        }
    ],
    "retrieval": _RETRIEVAL,
    "confidence": 0.97,
    "usage": {"input_tokens": 1430, "output_tokens": 21, "cached_input_tokens": None, "cost": None},
    "cut_short": "",
    "timings": {"retrieve": 0.04, "first_token": 0.6, "total": 1.1},
    "cached": False,
    "unanswered": "",
    "declined_by": None,
    "unmatched_filters": False,
    "searched_languages": [],
    "nearest": [],
    "advice": None,
    "html": None,
}
_TURN: Json = {
    "id": _ID,
    "question": _QUESTION,
    "answer": _ANSWER | {"conversation": library.CONVERSATION_ID},
    "asked": library.CONVERSATION["created"],
    "withheld": False,
    "feedback": library.FEEDBACK,
}
_STREAM = """event: retrieval
data: {"query":"How many days of annual leave do I get?","hits":[],"left_out":{"passages":0,"shortened":0,"turns":0}}

event: delta
data: {"text":"Full-time staff get 27 days of annual leave"}

: ping

event: answer
data: {"id":"q3vJrXw1TtGZ5kq0yQm8Ag","question":"…"}

event: done
data: {}

"""
_SEARCH: Json = {"query": "days of leave", "limit": 3, "filters": {"media_types": ["application/pdf"]}}
_FOUND: Json = {
    "query": "days of leave",
    "hits": [
        {
            **_SOURCE,
            **_PLACE,
            "locator": _LOCATOR,
            "heading": ["1 Annual leave"],
            "score": 1.42,
            "text": _QUOTE,
            "signals": [{"name": "dense", "score": 0.71, "rank": 1}, {"name": "lexical", "score": 0.57, "rank": 2}],
            "matched": {"text": ["days", "leave"], "title": ["leave"], "heading": ["leave"]},
        }
    ],
    "unmatched_filters": False,
}
_HEALTH: Json = {"status": "ok", "documents": 21, "passages": 312, "model": "offline-extractive"}
_CHAT: Json = {"model": "footnote", "messages": [{"role": "user", "content": _QUESTION}], "stream": False}
_COMPLETION: Json = {
    "id": f"chatcmpl-{_ID}",
    "object": "chat.completion",
    "created": 1767225600,
    "model": "footnote",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": f"{_TEXT}\n\n---\n\nSources:\n\n- [1] [`handbook/leave-policy.pdf, page 1, line 9`]({_URL})",
                "refusal": None,
                "annotations": [
                    {
                        "type": "url_citation",
                        "url_citation": {
                            "start_index": 54,
                            "end_index": 57,
                            "title": "Leave policy, page 1, line 9",
                            "url": _URL,
                        },
                    }
                ],
            },
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {
        "prompt_tokens": 1430,
        "completion_tokens": 21,
        "total_tokens": 1451,
        "prompt_tokens_details": {"cached_tokens": 0},
    },
}
_CHUNKS = """data: {"id":"chatcmpl-q3vJ","object":"chat.completion.chunk","created":1767225600,"model":"footnote",\
"choices":[{"index":0,"delta":{"content":"Full-time staff get 27 days"},"logprobs":null,"finish_reason":null}]}

data: [DONE]

"""
_MODEL: Json = {"id": "footnote", "object": "model", "created": 0, "owned_by": "footnote"}
_MODELS: Json = {"object": "list", "data": [_MODEL]}


@dataclass(frozen=True, slots=True)
class Example:
    """An operation's example: its responses by media type, and its request."""

    responses: Mapping[str, Any] = field(default_factory=dict)
    request: Any = None
    media_type: str = JSON


EXAMPLES: Mapping[str, Example] = {
    "ask": Example({JSON: _ANSWER}, _ASK),
    "ask_stream": Example({EVENTS: _STREAM}, _ASK),
    "search": Example({JSON: _FOUND}, _SEARCH),
    "healthz": Example({JSON: _HEALTH}),
    "complete_chat": Example({JSON: _COMPLETION, EVENTS: _CHUNKS}, _CHAT),
    "list_models": Example({JSON: _MODELS}),
    "get_model": Example({JSON: _MODEL}),
    "get_session": Example({JSON: library.SESSION}),
    "log_in": Example({JSON: library.SESSION}, library.LOGIN),
    "list_conversations": Example({JSON: library.CONVERSATIONS}),
    "create_conversation": Example({JSON: library.CONVERSATION}, {"title": library.CONVERSATION["title"]}),
    "get_conversation": Example({JSON: library.CONVERSATION | {"turns": [_TURN]}}),
    "export_conversation": Example({"text/markdown": library.EXPORTED}),
    "rename_conversation": Example({JSON: library.CONVERSATION | {"title": "Leave"}}, {"title": "Leave"}),
    "give_feedback": Example({JSON: library.FEEDBACK}, library.FEEDBACK),
    "list_documents": Example({JSON: library.DOCUMENTS}),
    "get_document": Example({JSON: library.WHOLE_DOCUMENT}),
    "upload_document": Example({JSON: library.UPLOADED}, library.UPLOAD, "multipart/form-data"),
    "get_index": Example({JSON: library.INDEX}),
    "sync_index": Example({JSON: {"status": "accepted"}}),
    "follow_index": Example({EVENTS: library.RUN}),
    "readyz": Example({JSON: {"status": "ready"}}),
    "metrics": Example({"text/plain": library.METRICS}),
}
"""By the operation's id, which is the name of its route."""
