"""A server's application as ``footnote serve`` has it, and its keys."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from fastapi import FastAPI

from api.app.composition import make_app, make_services
from api.auth.api_keys import KeyStore
from rag.engine.engine import Engine


@dataclass(frozen=True)
class Front:
    engine: Engine

    @cached_property
    def app(self) -> FastAPI:
        return make_app(make_services(self.engine), self.engine.settings.server)

    @property
    def keys(self) -> KeyStore:
        return KeyStore(self.engine.settings.server.dir)


OpenFront = Callable[..., Front]
"""Of documents, by path and text, and settings of the server."""
