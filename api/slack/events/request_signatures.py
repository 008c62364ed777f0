"""Checks of Slack's HTTP requests: who signed them, and whether Bolt can take them.

https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

import hashlib
import hmac
import json
import re
import time
from collections.abc import Mapping
from urllib.parse import parse_qs

from indexes.errors import FootnoteError

_MAX_AGE_S = 300
"""An older request may be replayed by an eavesdropper."""
_TIMESTAMP = re.compile(r"\d{1,12}", re.ASCII)


class UnsignedError(FootnoteError):
    """The request has no valid and recent signature; the message never says which."""

    kind = "unsigned"


class MalformedError(FootnoteError):
    """The request is signed, but is not one that Slack sends."""

    kind = "malformed"


def verify_signature(secret: str, headers: Mapping[str, str], body: bytes, now: float | None = None) -> None:
    """Raise ``UnsignedError`` unless Slack signed the request within the last five minutes."""
    timestamp, signature = (headers.get(f"x-slack-{name}", "") for name in ("request-timestamp", "signature"))
    if not _TIMESTAMP.fullmatch(timestamp) or abs((now or time.time()) - int(timestamp)) > _MAX_AGE_S:
        raise UnsignedError("The request is not signed by Slack.")
    expected = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(f"v0={expected}".encode(), signature.encode("utf-8", "replace")):
        raise UnsignedError("The request is not signed by Slack.")


def check_body(headers: Mapping[str, str], body: bytes) -> None:
    """Raise ``MalformedError`` if Bolt would fail over the body."""
    try:
        text = body.decode()
        if "json" in headers.get("content-type", ""):
            payload = json.loads(text)
        elif "payload" in (form := parse_qs(text)):
            payload = json.loads(form["payload"][0])
        else:
            return
    except (ValueError, RecursionError):
        raise MalformedError("The request is neither JSON nor a form in UTF-8.") from None
    if not isinstance(payload, dict):
        raise MalformedError("The request is not a JSON object.")
