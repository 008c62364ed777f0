"""The Events API, commands and interactivity over HTTP, signed.

https://docs.slack.dev/authentication/verifying-requests-from-slack and /apis/events-api
"""

import hashlib
import hmac
import json
import time
from urllib.parse import urlencode

import aiohttp

from fakes.slack.delivery import Ack, Retry, What
from fakes.slack.model import Json
from fakes.slack.settings import Settings

AGENT = "Slackbot 1.0 (+https://api.slack.com/robots)"


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What X-Slack-Signature holds."""
    digest = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256)
    return f"v0={digest.hexdigest()}"


def signed(secret: str, body: bytes, at: float | None = None) -> dict[str, str]:
    """The headers that sign the body."""
    timestamp = str(int(time.time() if at is None else at))
    return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature(secret, timestamp, body)}


class OverHttp:
    """Posts to ``url``, as Slack does to an app's Request URL."""

    def __init__(self, url: str, secret: str, settings: Settings, session: aiohttp.ClientSession) -> None:
        self.url = url
        self._secret = secret
        self._settings = settings
        self._session = session

    async def send(self, what: What, payload: Json, retry: Retry | None) -> Ack:
        """Post the payload, and wait for the acknowledgement."""
        body, kind = _body(what, payload)
        headers = {"Content-Type": kind, "User-Agent": AGENT, **signed(self._secret, body)}
        if retry is not None:
            headers |= {"X-Slack-Retry-Num": str(retry.number), "X-Slack-Retry-Reason": retry.reason}
        timeout = aiohttp.ClientTimeout(total=self._settings.ack_seconds)
        try:
            async with self._session.post(
                self.url, data=body, headers=headers, timeout=timeout, max_redirects=3
            ) as response:
                return _ack(response, await response.read())
        except TimeoutError:
            return Ack("http_timeout")
        except aiohttp.TooManyRedirects:
            return Ack("too_many_redirects")
        except aiohttp.ClientError:
            return Ack("connection_failed")

    async def verify(self) -> bool:
        """Whether the app answers the challenge that Slack sends when a Request URL is set."""
        challenge = {"type": "url_verification", "token": "verification-token", "challenge": "3eZbrw1aBm2rZgRNFdxV"}
        ack = await self.send("events_api", challenge, None)
        said = (ack.payload or {}).get("challenge", (ack.payload or {}).get("text"))
        return not ack.reason and said == challenge["challenge"]


def _body(what: What, payload: Json) -> tuple[bytes, str]:
    """Events are JSON, commands a form, interactions a form whose ``payload`` is JSON."""
    if what == "events_api":
        return json.dumps(payload).encode(), "application/json"
    form = payload if what == "slash_commands" else {"payload": json.dumps(payload)}
    return urlencode(form).encode(), "application/x-www-form-urlencoded"


def _ack(response: aiohttp.ClientResponse, body: bytes) -> Ack:
    again = response.headers.get("X-Slack-No-Retry") != "1"
    if not 200 <= response.status < 300:
        return Ack("http_error", {"status": response.status}, again)
    if not body:
        return Ack()
    if response.content_type == "application/json":
        parsed = json.loads(body)
        return Ack("", parsed if isinstance(parsed, dict) else None)
    return Ack("", {"text": body.decode(errors="replace")})
