"""Readiness: whether the server could answer now. The check is cheap and asks no model."""

import socket
import threading
import time
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from indexes.errors import FootnoteError
from rag.engine.engine import Engine

_TIMEOUT_S = 1.0
_FRESH_S = 5.0
"""How long a check counts: frequent requests do not become frequent connections to the model's server."""


class NotReadyError(FootnoteError):
    """The server could not answer a question now."""

    kind = "not-ready"


class Readiness:
    """Checks that the index opens and that the language model's server, if one is configured, takes connections."""

    def __init__(self, engine: Engine, fresh: float = _FRESH_S) -> None:
        self._engine = engine
        self._fresh_s = fresh
        self._lock = threading.Lock()
        self._checked = -fresh
        self._reachable = True

    def __call__(self) -> None:
        """Raise ``IndexMissingError``, ``IndexUnreadableError`` or ``NotReadyError``. May block for a second."""
        self._engine.catalog.counts()
        url = urlsplit(self._engine.settings.llm.base_url or "")
        host, port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
        # a proxy connects itself, and only a question would tell
        direct = not getproxies().get(url.scheme) or proxy_bypass(host)
        with self._lock:
            if host and direct and time.monotonic() - self._checked > self._fresh_s:
                try:
                    socket.create_connection((host, port), _TIMEOUT_S).close()
                    self._reachable = True
                except OSError:
                    self._reachable = False
                self._checked = time.monotonic()
        if not self._reachable:
            raise NotReadyError("The language model's server (llm.base_url) takes no connection. Check that it runs.")
