"""An OpenAI-compatible endpoint: where it is, the key it is sent, and its failures in words.

Shared by the chat model and the encoder. ``openai`` is imported where it is used: importing it takes a second.
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

Cause = Literal["key", "busy", "timeout", "unreachable", "other"]

OPENAI_URL = "https://api.openai.com/v1"
NO_KEY = "no-key-is-set"
"""Sent where no key is set: the client demands one, a local server ignores it."""
LONGEST_PAUSE = 10.0
"""Seconds. A server that asks for a longer wait is not waited for."""
FIRST_PAUSE = 0.5
DETAIL_CHARS = 200


class EndpointError(Exception):
    """Why an endpoint gave nothing, in a sentence without the key; turned into the caller's own error.

    ``passing`` says that another try may succeed; ``retry_after`` is in seconds where the server named a wait.
    """

    def __init__(
        self, message: str, cause: Cause = "other", *, passing: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.cause = cause
        self.passing = passing
        self.retry_after = retry_after

    def pause(self, attempt: int) -> float | None:
        """Seconds to wait after try number ``attempt``, counted from 0; None where another try is not worth it."""
        if not self.passing or (self.retry_after or 0) > LONGEST_PAUSE:
            return None
        return self.retry_after if self.retry_after is not None else min(FIRST_PAUSE * 2**attempt, LONGEST_PAUSE)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One model behind one address. ``str()`` is how it is spoken of: ``the model server at http://127.0.0.1:1234``."""

    noun: str
    model: str
    base_url: str | None
    """None is OpenAI's own, or OPENAI_BASE_URL: as the client has it, so that a proxy's key stays with the proxy."""
    api_key: str | None = field(repr=False)
    settings: str
    """What its environment variables begin with: ``FOOTNOTE_LLM__``."""
    patience: str
    """How long it may take, in words."""
    timeout_setting: str

    def __str__(self) -> str:
        parts = urlsplit(self.url)
        return f"the {self.noun} at {parts.scheme}://{parts.netloc.rpartition('@')[2]}"

    @property
    def url(self) -> str:
        return self.base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI_URL

    @property
    def key(self) -> str:
        """OPENAI_API_KEY goes to OpenAI's own address only: another's server has no business with it."""
        key = self.api_key or ("" if self.base_url else os.environ.get("OPENAI_API_KEY", ""))
        return key.strip() or NO_KEY

    def options(self, *, connect: float, read: float) -> dict[str, Any]:
        """What the client is made with; raises ``EndpointError`` where the settings cannot work.

        The client's own retries are off: they wait up to two minutes for a busy server, and repeat a timeout.
        """
        import openai

        self._check_settings()
        timeout = openai.Timeout(read, connect=connect)
        return {"base_url": self.url, "api_key": self.key, "timeout": timeout, "max_retries": 0}

    @contextmanager
    def failures(self) -> Iterator[None]:
        """What the client raises inside comes out as ``EndpointError``."""
        import openai

        try:
            yield
        except (openai.OpenAIError, TimeoutError, ValueError) as error:
            raise self.explain(error) from error

    def explain(self, error: Exception) -> EndpointError:
        """The sentence for what the client raised. ``ValueError`` is an answer that could not be read."""
        import openai

        if isinstance(error, openai.APIStatusError):
            return self._status(error)
        cause = error.__cause__ if isinstance(error, openai.APIConnectionError) else None
        reason = self._clean(str(cause or error))
        # By name: the client's HTTP library is its own affair, and has changed once.
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
        return EndpointError(
            f"The answer from {self} broke off ({reason}): try again, or look at its log.", passing=True
        )

    def malformed(self, reason: str) -> EndpointError:
        way_out = f"is {self.settings}BASE_URL an OpenAI-compatible endpoint, with its /v1?"
        return EndpointError(f"{self._subject} sent what cannot be read ({self._clean(reason)}): {way_out}")

    @property
    def _subject(self) -> str:
        return f"T{str(self)[1:]}"

    def _check_settings(self) -> None:
        if not self.base_url and self.key == NO_KEY:
            variables = f"{self.settings}API_KEY (or OPENAI_API_KEY), or {self.settings}BASE_URL for a server of yours"
            raise EndpointError(f"There is no API key for {self}: set {variables}.", "key")
        if not (self.key.isascii() and self.key.isprintable()):
            raise EndpointError(f"{self.settings}API_KEY holds a character that no API key has: set it anew.", "key")
        if not _is_http_address(self.url):
            raise EndpointError(
                f"{self.settings}BASE_URL is no http address: set one such as http://127.0.0.1:1234/v1.", "unreachable"
            )

    def _status(self, error: "openai.APIStatusError") -> EndpointError:
        status, wait = error.status_code, retry_after(error.response.headers)
        said = f"{status}: {detail}" if (detail := self._clean(_detail(error.body))) else str(status)
        if status in (401, 403):
            return EndpointError(f"{self._subject} refused the API key ({status}): set {self.settings}API_KEY.", "key")
        if status == 404:
            way_out = f"check {self.settings}MODEL and {self.settings}BASE_URL."
            return EndpointError(f"{self._subject} does not know the model {self.model!r} (404): {way_out}")
        if status == 429:
            when = f"in {wait:g} s" if wait is not None else "later"
            return EndpointError(
                f"{self._subject} is busy ({said}): try again {when}.", "busy", passing=True, retry_after=wait
            )
        if status >= 500:
            way_out = "try again, or look at its log."
            return EndpointError(f"{self._subject} failed ({said}): {way_out}", passing=True, retry_after=wait)
        if status < 400:
            where = self._clean(error.response.headers.get("location", "elsewhere"))
            return EndpointError(
                f"{self._subject} redirects to {where} ({status}), which is not followed: set {self.settings}BASE_URL."
            )
        return EndpointError(f"{self._subject} refused the request ({said}): check {self.settings}MODEL.")

    def _clean(self, text: str) -> str:
        """One short line, without the key: servers and the HTTP client quote it at times."""
        line = " ".join(text.replace(self.key, "…").split()).rstrip(".")
        return line if len(line) <= DETAIL_CHARS else line[:DETAIL_CHARS] + "…"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait as a server asked, from a number or a date; None where it did not, or not so that it is read."""
    value = headers.get("retry-after", "")
    try:
        seconds = float(value)
    except ValueError:
        seconds = _seconds_until(value)
    return seconds if 0 <= seconds < float("inf") else None


def _seconds_until(date: str) -> float:
    """NaN where it is no date."""
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return float("nan")
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _is_http_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _detail(body: object) -> str:
    """What the server said of its own error; a page of HTML says nothing."""
    message = body.get("message") if isinstance(body, dict) else body
    return message if isinstance(message, str) and not message.lstrip().startswith("<") else ""
