"""Open WebUI itself, on a free loopback port: for one user without a password, and without a network."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import httpx

from fakes.chroma_server import free_port
from fakes.engines import ROOT

OPEN_WEBUI = ROOT / "var" / "open-webui" / "bin" / "open-webui"
_START_S = 180
_SETTINGS = {
    "USE_SLIM_DOCKER": "true",  # as its own slim image: without torch and what needs it
    "OFFLINE_MODE": "true",
    "WEBUI_AUTH": "false",
    "WEBUI_SECRET_KEY": "long enough for a test, and known to all",
    "ENABLE_OLLAMA_API": "false",
}


class OpenWebUI:
    """Runs ``open-webui serve`` between ``with`` and its end, connected to the API of OpenAI's kind at ``base_url``."""

    def __init__(self, folder: Path, base_url: str, key: str) -> None:
        self._folder = folder
        self._connection = {"OPENAI_API_BASE_URL": base_url, "OPENAI_API_KEY": key}
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        command = [OPEN_WEBUI, "serve", "--host", "127.0.0.1", "--port", str(self._port)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, env=self._environment(), cwd=self._folder, stdout=log, stderr=log)
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait(timeout=10)

    @contextmanager
    def client(self) -> Iterator[httpx.Client]:
        """Of its own API, logged in."""
        with httpx.Client(base_url=self.url, timeout=60, trust_env=False) as client:
            told = client.post("/api/v1/auths/signin", json={"email": "", "password": ""}).raise_for_status()
            client.headers["Authorization"] = f"Bearer {told.json()['token']}"
            yield client

    @property
    def _log(self) -> Path:
        return self._folder / "log"

    def _environment(self) -> dict[str, str]:
        """Its data and the pictures that it copies lie in the folder, and nothing leads Python to our packages."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        places = {"DATA_DIR": str(self._folder / "data"), "STATIC_DIR": str(self._folder / "static")}
        return ours | _SETTINGS | places | self._connection

    def _wait(self) -> None:
        end = time.monotonic() + _START_S
        while not self._is_ready():
            assert self._process.poll() is None, self._log.read_text()[-2000:]
            assert time.monotonic() < end, "Open WebUI did not start"
            time.sleep(0.2)

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health", trust_env=False).is_success
        except httpx.TransportError:
            return False
