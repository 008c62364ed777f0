"""Examples in the OpenAPI description: keys, conversations, documents and index runs."""

from typing import Any

Json = dict[str, Any]
DOCUMENT, ANSWER = "5e0a1f7f4c1b9d2e", "q3vJrXw1TtGZ5kq0yQm8Ag"
CONVERSATION_ID = "9pXc1v0mQhK2nR7sT4uWyg"
QUOTE = "Full-time staff get 27 days of annual leave each year."

SESSION: Json = {
    "id": "3f9c2a7b1d04",
    "name": "Ann",
    "groups": ["hr", "staff"],
    "may_write": True,
    "key_needed": True,
    "features": {"documents": True, "conversations": True, "feedback": True},
}
LOGIN: Json = {"key": "fn_3f9c2a7b1d04_…"}
CONVERSATION: Json = {
    "id": CONVERSATION_ID,
    "title": "How many days of annual leave do I get?",
    "created": "2026-01-05T09:12:31.204518Z",
    "updated": "2026-01-05T09:12:35.920001Z",
}
CONVERSATIONS: Json = {"conversations": [CONVERSATION], "next": None}
EXPORTED = f"""# How many days of annual leave do I get?

## How many days of annual leave do I get?

Full-time staff get 27 days of annual leave each year [^1].

[^1]: handbook/leave-policy.pdf, page 1, line 9: “{QUOTE}”
"""
FEEDBACK: Json = {
    "verdict": "down",
    "reason": "outdated",
    "comment": "It is 28 since May.",
    "better_answer": "28 days.",
}
LISTED: Json = {
    "id": DOCUMENT,
    "path": "handbook/leave-policy.pdf",
    "title": "Leave policy",
    "media_type": "application/pdf",
    "dated": "2025-11-03",
    "labels": ["policy"],
    "bytes": 48213,
    "pages": 3,
    "uploaded": False,
}
DOCUMENTS: Json = {"documents": [LISTED], "next": None, "total": 1}
WHOLE_DOCUMENT: Json = {
    **LISTED,
    "text": QUOTE,
    "text_start": 310,
    "text_end": 310 + len(QUOTE),
    "characters": 4120,
    "sections": [
        {
            "char_start": 0,
            "char_end": 1873,
            "line": 1,
            "heading": ["1 Annual leave"],
            "page": 1,
            "sheet": None,
            "slide": None,
            "kind": "prose",
        }
    ],
    "has_original": True,
    "has_pages": True,
}
UPLOAD: Json = {"file": "# Gull Point\n\nIda Marsh looks after the lighthouse.\n", "folder": "places"}
UPLOADED: Json = {"id": "b1946ac92492d234", "path": "uploads/everyone/places/gull-point.md"}
INDEX: Json = {
    "documents": 21,
    "passages": 312,
    "revision": 7,
    "embedding_model": "all-MiniLM-L6-v2",
    "syncing": False,
    "last": {
        "added": 1,
        "changed": 0,
        "removed": 0,
        "failed": [{"path": "scans/blank.pdf", "reason": "holds no text"}],
        "ended": "2026-01-05T09:12:35.920001Z",
        "error": None,
    },
}
RUN = """event: progress
data: {"stage":"indexing","done":1,"total":2,"path":"handbook/leave-policy.pdf"}

event: finished
data: {"added":1,"changed":1,"removed":0,"failed":[]}

"""
METRICS = """# HELP footnote_answers_in_flight Answers being written
# TYPE footnote_answers_in_flight gauge
footnote_answers_in_flight 2.0
"""
