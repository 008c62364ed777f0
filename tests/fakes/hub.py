"""A model hub on loopback: as much of its protocol as a download takes."""

import hashlib
import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

_COMMIT = "0" * 39 + "1"


class FakeHub(ThreadingHTTPServer):
    """Serves one repository. ``asked`` are the files that were fetched, ``cut`` one whose transfer breaks off."""

    def __init__(self, repository: str, files: Mapping[str, bytes], cut: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files, self.cut = files, cut
        self.api, self.resolve = f"/api/models/{repository}", f"/{repository}/resolve/{_COMMIT}/"
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def content(self, path: str) -> bytes | None:
        """What lies at the path; None where nothing does."""
        if path.startswith(f"{self.api}/tree/"):
            rows = [
                {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
                for name, data in self.files.items()
            ]
            return json.dumps(rows).encode()
        if path.startswith(self.api):
            siblings = [{"rfilename": name} for name in self.files]
            return json.dumps({"id": "org/any", "sha": _COMMIT, "siblings": siblings}).encode()
        return self.files.get(path.removeprefix(self.resolve))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeHub

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        file = path.removeprefix(self.server.resolve)
        if file in self.server.files:
            self.server.asked.append(file)
        data = self._answer()
        self.close_connection = file == self.server.cut
        self.wfile.write(data[: len(data) // 2] if self.close_connection else data)

    def _answer(self) -> bytes:
        data = self.server.content(self.path.partition("?")[0])
        self.send_response(404 if data is None else 200)
        if data is None:
            self.send_header("X-Error-Code", "RepoNotFound")
        self.send_header("Content-Length", str(len(data or b"")))
        self.send_header("ETag", f'"{hashlib.sha1(data or b"").hexdigest()}"')
        self.send_header("X-Repo-Commit", _COMMIT)
        self.end_headers()
        return data or b""

    def log_message(self, *_: object) -> None: ...
