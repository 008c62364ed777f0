"""An index of a test's own documents, and all of the API over it."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from api.app.composition import make_services
from api.app.fastapi_app import create_app
from api.library.library import Library
from api.library.sync_jobs import Indexing
from fakes.engines import RememberingEncoder
from fakes.principals import ListedKeys, bearer, somebody
from indexes.ingest.sync import SyncListener
from rag.engine.engine import Engine, limits_of, open_writer
from rag.engine.refresh import Refreshing
from rag.settings import load_settings

KEYS = {
    "anyone": somebody("anyone", may_write=True),
    "hr": somebody("hr", "hr", may_write=True),
    "both": somebody("both", "hr", "board", may_write=True),
    "reader": somebody("reader", "hr"),
}
ACCESS = ({"glob": "hr/**", "groups": ["hr"]},)


@dataclass(frozen=True)
class Premises:
    """Documents, an index of them, and the application that shows it."""

    docs: Path
    index: Path
    engine: Engine
    indexing: Indexing
    client: httpx.AsyncClient

    async def get(self, address: str, key: str = "anyone", /, **query: Any) -> httpx.Response:
        return await self.client.get(address, headers=bearer(key), params=query)

    async def upload(
        self, name: str, content: bytes, key: str = "anyone", *, groups: Collection[str] = (), **form: Any
    ) -> httpx.Response:
        data = {**form, **({"groups": [*groups]} if groups else {})}
        return await self.client.post("/v1/documents", headers=bearer(key), files={"file": (name, content)}, data=data)

    async def at_rest(self) -> None:
        """When no index run goes on or waits any more."""
        for _ in range(600):
            if not self.indexing.syncing:
                return
            await asyncio.sleep(0.05)
        raise AssertionError("the index runs do not end")

    async def paths(self, key: str = "anyone", /, **query: Any) -> list[str]:
        told = (await self.get("/v1/documents", key, **query)).raise_for_status().json()
        return [document["path"] for document in told["documents"]]

    async def id_of(self, path: str, key: str = "both") -> str:
        told = (await self.get("/v1/documents", key, limit=200)).raise_for_status().json()
        return next(document["id"] for document in told["documents"] if document["path"] == path)


def library(engine: Engine) -> Library:
    """Of an engine's index as it is at each call."""
    chosen = engine.settings
    return Library(lambda: engine.catalog, chosen.index.dir, limits_of(chosen))


def written(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def premises(
    docs: Path,
    index: Path,
    encoder: RememberingEncoder,
    opened: Callable[..., Engine],
    **parts: Any,
) -> Premises:
    settings = load_settings(index={"dir": index}, access=ACCESS, **parts)
    with open_writer(settings, encoder) as writer:
        writer.run([docs], SyncListener(), allow_unmatched_rules=True)
    return served(docs, opened(index, access=ACCESS, **parts))


def served(docs: Path, engine: Engine) -> Premises:
    """The application over the index of an engine."""
    indexing = Indexing(Refreshing(engine), pause=0.05)
    services = replace(make_services(engine), authenticator=ListedKeys(**KEYS), indexing=indexing)
    transport = httpx.ASGITransport(create_app(services), raise_app_exceptions=False)
    client = httpx.AsyncClient(transport=transport, base_url="http://localhost:8000", timeout=60)
    return Premises(docs, engine.settings.index.dir, engine, indexing, client)
