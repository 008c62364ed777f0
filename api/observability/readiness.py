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
        url = self._engine.settings.llm.base_url
        with self._lock:
            if url and time.monotonic() - self._checked > self._fresh_s:
                self._reachable = _accepts_connections(url)
                self._checked = time.monotonic()
        if not self._reachable:
            raise NotReadyError("The language model's server (llm.base_url) takes no connection. Check that it runs.")


def _accepts_connections(url: str) -> bool:
    """Tell whether the server of an address takes a connection within a second. A proxy is taken to do so."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    if getproxies().get(parts.scheme) and not proxy_bypass(host):
        return True  # the proxy connects, and only a question would tell
    try:
        socket.create_connection((host, port), _TIMEOUT_S).close()
    except OSError:
        return False
    return True
