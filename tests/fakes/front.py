"""A server's application as ``footnote serve`` has it, and its keys."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from fastapi import FastAPI

from api.keys import KeyStore
from api.server import app_of
from rag.bootstrap import Engine


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@dataclass(frozen=True)
class Front:
    engine: Engine

    @cached_property
    def app(self) -> FastAPI:
        return app_of(self.engine)

    @property
    def keys(self) -> KeyStore:
        return KeyStore(self.engine.settings.server.dir)


OpenFront = Callable[..., Front]
"""Of documents, by path and text, and settings of the server."""
