"""What Slack sends by HTTP: who signed it, and whether it is what Slack sends. Bolt fails over some of it.

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

_MAX_AGE = 300
"""Seconds: what is older may be somebody's who listened."""
_TIMESTAMP = re.compile(r"\d{1,12}", re.ASCII)


class UnsignedError(FootnoteError):
    """It was not signed by Slack, or not lately; never says which."""

    kind = "unsigned"


class MalformedError(FootnoteError):
    """Signed, and not what Slack sends."""

    kind = "malformed"


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: float | None = None) -> None:
    """Raises ``UnsignedError``."""
    timestamp, signature = (headers.get(f"x-slack-{name}", "") for name in ("request-timestamp", "signature"))
    if not _TIMESTAMP.fullmatch(timestamp) or abs((now or time.time()) - int(timestamp)) > _MAX_AGE:
        raise UnsignedError("The request is not signed by Slack.")
    made = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(f"v0={made}".encode(), signature.encode("utf-8", "replace")):
        raise UnsignedError("The request is not signed by Slack.")


def check(headers: Mapping[str, str], body: bytes) -> None:
    """Raises ``MalformedError`` where Bolt could not take it."""
    try:
        text = body.decode()
        if "json" in headers.get("content-type", ""):
            told = json.loads(text)
        elif "payload" in (form := parse_qs(text)):
            told = json.loads(form["payload"][0])
        else:
            return
    except (ValueError, RecursionError):
        raise MalformedError("The request is not JSON, or not a form, in UTF-8.") from None
    if not isinstance(told, dict):
        raise MalformedError("The request holds no object.")
