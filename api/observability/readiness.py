"""Whether the server could answer now, for who sends it questions: a cheap look, which asks no model."""

import socket
import threading
import time
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from indexes.errors import FootnoteError
from rag.engine.engine import Engine

_TIMEOUT = 1.0
_FRESH = 5.0
"""Seconds for which a look counts: whoever asks often does not have the model's server called often."""


class NotReadyError(FootnoteError):
    """Questions would not be answered now."""

    kind = "not-ready"


class Readiness:
    """The index opens, and the language model's server, where one is configured by its address, takes connections."""

    def __init__(self, engine: Engine, fresh: float = _FRESH) -> None:
        self._engine = engine
        self._fresh = fresh
        self._lock = threading.Lock()
        self._looked = -fresh
        self._reachable = True

    def __call__(self) -> None:
        """Raises ``IndexMissingError``, ``IndexUnreadableError``, ``NotReadyError``. May block for a second."""
        self._engine.catalog.counts()
        if not self._model_is_there():
            raise NotReadyError("The language model's server, llm.base_url, takes no connection: see whether it runs.")

    def _model_is_there(self) -> bool:
        url = self._engine.settings.llm.base_url
        with self._lock:
            if url and time.monotonic() - self._looked > self._fresh:
                self._reachable = _takes_connections(url)
                self._looked = time.monotonic()
            return self._reachable


def _takes_connections(url: str) -> bool:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    if getproxies().get(parts.scheme) and not proxy_bypass(host):
        return True  # the proxy connects, and only a question would tell
    try:
        socket.create_connection((host, port), _TIMEOUT).close()
    except OSError:
        return False
    return True
