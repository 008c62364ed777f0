"""An OpenAI-compatible endpoint: its address, its key, and its failures in words.

The chat model and the encoder share it. ``openai`` is imported where it is used: importing it takes a second.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import openai

Cause = Literal["key", "busy", "timeout", "unreachable", "filtered", "tools", "empty", "other"]

OPENAI_URL = "https://api.openai.com/v1"
NO_KEY = "no-key-is-set"
"""Sent if no key is set: the client demands one, and a local server ignores it."""
LONGEST_PAUSE = 10.0
"""Seconds. If a server asks for a longer wait, the request fails at once."""
FIRST_PAUSE = 0.5
DETAIL_CHARS = 200


class EndpointError(Exception):
    """The failure of an endpoint, in a sentence without the key. Callers turn it into their own error.

    ``passing`` means that another try may succeed; ``retry_after`` is the wait in seconds that the server asked for.
    """

    def __init__(
        self, message: str, cause: Cause = "other", *, passing: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.cause = cause
        self.passing = passing
        self.retry_after = retry_after

    def pause(self, attempt: int) -> float | None:
        """The seconds to wait after try number ``attempt``, counted from 0; None if another try is not worth it."""
        if not self.passing or (self.retry_after or 0) > LONGEST_PAUSE:
            return None
        return self.retry_after if self.retry_after is not None else min(FIRST_PAUSE * 2**attempt, LONGEST_PAUSE)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One model at one address. ``str()`` is its name in messages: ``the model server at http://127.0.0.1:1234``."""

    noun: str
    model: str
    base_url: str | None
    """None means OPENAI_BASE_URL or OpenAI's own, as for the client: a proxy's key goes only to the proxy."""
    api_key: str | None = field(repr=False)
    settings: str
    """The prefix of its environment variables: ``FOOTNOTE_LLM__``."""
    patience: str
    """The time limit, in words."""
    timeout_setting: str

    def __str__(self) -> str:
        parts = urlsplit(self.url)
        return f"the {self.noun} at {parts.scheme}://{parts.netloc.rpartition('@')[2]}"

    @property
    def url(self) -> str:
        """The address in effect."""
        return self.base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI_URL

    @property
    def key(self) -> str:
        """The key in effect. OPENAI_API_KEY is sent only to OpenAI's own address, never to another server."""
        key = self.api_key or ("" if self.base_url else os.environ.get("OPENAI_API_KEY", ""))
        return key.strip() or NO_KEY

    def options(self, *, connect: float, read: float) -> dict[str, Any]:
        """The arguments of the client, timeouts in seconds. Raises ``EndpointError`` if the settings cannot work.

        The client's own retries are off: they wait up to two minutes for a busy server, and repeat a timeout.
        """
        import openai

        if not self.base_url and self.key == NO_KEY:
            variables = f"{self.settings}API_KEY (or OPENAI_API_KEY), or {self.settings}BASE_URL for a server of yours"
            raise EndpointError(f"There is no API key for {self}: set {variables}.", "key")
        if not (self.key.isascii() and self.key.isprintable()):
            raise EndpointError(f"{self.settings}API_KEY holds a character that no API key has: set it anew.", "key")
        try:
            parts = urlsplit(self.url)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise EndpointError(
                f"{self.settings}BASE_URL is no http address: set one such as http://127.0.0.1:1234/v1.", "unreachable"
            )
        timeout = openai.Timeout(read, connect=connect)
        return {"base_url": self.url, "api_key": self.key, "timeout": timeout, "max_retries": 0}

    @contextmanager
    def failures(self) -> Iterator[None]:
        """Turn the client's exceptions into ``EndpointError``."""
        import openai

        try:
            yield
        except (openai.OpenAIError, TimeoutError, ValueError) as error:
            raise self.explain(error) from error

    def explain(self, error: Exception) -> EndpointError:
        """The failure in words for an exception of the client. ``ValueError`` means an unreadable answer."""
        import openai

        if isinstance(error, openai.APIStatusError):
            return self._status_error(error)
        cause = error.__cause__ if isinstance(error, openai.APIConnectionError) else None
        reason = self._clean(str(cause or error))
        # by name, since the client has changed its HTTP library once
        if type(cause).__name__ in ("ConnectError", "ConnectTimeout", "UnsupportedProtocol"):
            way_out = f"is it running, and is {self.settings}BASE_URL right?"
            return EndpointError(f"No connection to {self} ({reason}): {way_out}", "unreachable", passing=True)
        if isinstance(error, openai.APITimeoutError | TimeoutError):
            way_out = f"try again, or raise {self.settings}{self.timeout_setting}."
            return EndpointError(f"{self._subject} took too long ({self.patience}): {way_out}", "timeout")
        if isinstance(error, openai.APIError):
            return self.broken_off(reason)
        return self.malformed(reason)

    def broken_off(self, reason: str = "the connection was closed") -> EndpointError:
        """The failure that an answer ended early."""
        return EndpointError(
            f"The answer from {self} broke off ({reason}): try again, or look at its log.", passing=True
        )

    def filtered(self, withheld: str) -> EndpointError:
        """The failure that a filter of the server withheld something."""
        way_out = "word the question otherwise, or look at the filter's settings there"
        return EndpointError(f"The content filter of {self} withheld {withheld}: {way_out}.", "filtered")

    def malformed(self, reason: str) -> EndpointError:
        """The failure that an answer cannot be read."""
        way_out = f"is {self.settings}BASE_URL an OpenAI-compatible endpoint, with its /v1?"
        return EndpointError(f"{self._subject} sent what cannot be read ({self._clean(reason)}): {way_out}")

    @property
    def _subject(self) -> str:
        return f"T{str(self)[1:]}"

    def _status_error(self, error: "openai.APIStatusError") -> EndpointError:
        status, wait = error.status_code, retry_after(error.response.headers)
        body: object = error.body
        message = body.get("message") if isinstance(body, dict) else body
        # a page of HTML says nothing about the error
        detail = self._clean(message) if isinstance(message, str) and not message.lstrip().startswith("<") else ""
        symptom = f"{status}: {detail}" if detail else str(status)
        if status in (401, 403):
            return EndpointError(f"{self._subject} refused the API key ({status}): set {self.settings}API_KEY.", "key")
        if status == 404:
            way_out = f"check {self.settings}MODEL and {self.settings}BASE_URL."
            return EndpointError(f"{self._subject} does not know the model {self.model!r} (404): {way_out}")
        if status == 429:
            when = f"in {wait:g} s" if wait is not None else "later"
            return EndpointError(
                f"{self._subject} is busy ({symptom}): try again {when}.", "busy", passing=True, retry_after=wait
            )
        if error.code == "content_filter":
            return self.filtered("the question or its sources")
        if status >= 500:
            way_out = "try again, or look at its log."
            return EndpointError(f"{self._subject} failed ({symptom}): {way_out}", passing=True, retry_after=wait)
        if status < 400:
            where = self._clean(error.response.headers.get("location", "elsewhere"))
            return EndpointError(
                f"{self._subject} redirects to {where} ({status}), which is not followed: set {self.settings}BASE_URL."
            )
        return EndpointError(f"{self._subject} refused the request ({symptom}): check {self.settings}MODEL.")

    def _clean(self, text: str) -> str:
        """One short line without the key, which servers and the HTTP client quote at times."""
        line = " ".join(text.replace(self.key, "…").split()).rstrip(".")
        return line if len(line) <= DETAIL_CHARS else line[:DETAIL_CHARS] + "…"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that a server asks to wait, from a number or a date; None if there is neither."""
    value = headers.get("retry-after", "")
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
        except ValueError:
            return None
        seconds = max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
    return seconds if 0 <= seconds < float("inf") else None
