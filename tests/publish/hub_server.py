"""A local server that speaks the few calls of the Hugging Face Hub that are used."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NO_HEADERS: Mapping[str, str] = {}


class Hub(ThreadingHTTPServer):
    """Keeps what was committed to it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.created: list[dict[str, object]] = []
        self.refuses = False
        self.address = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.server.refuses:
            self.answer({"error": "Invalid credentials"}, 401)
        elif self.path == "/api/repos/create":
            self.server.created.append(json.loads(body))
            self.answer({"url": f"{self.server.address}/datasets/me/boards"})
        elif self.path == "/api/validate-yaml":
            self.answer({"errors": [], "warnings": []})
        elif self.path.endswith("/me/boards/preupload/main"):
            asked = json.loads(body)["files"]
            mode = {"uploadMode": "regular", "shouldIgnore": False, "oid": None}
            self.answer({"files": [{"path": f["path"], **mode} for f in asked]})
        elif self.path.endswith("/me/boards/commit/main"):
            for line in body.splitlines():
                value = json.loads(line)
                if value["key"] == "file":
                    content = base64.b64decode(value["value"]["content"])
                    self.server.files[value["value"]["path"]] = content
            url = f"{self.server.address}/datasets/me/boards/commit/abc"
            self.answer({"commitUrl": url, "commitOid": "abc", "success": True})
        else:
            self.answer({"error": self.path}, 404)

    def do_GET(self) -> None:
        """The files of the data set, as they were committed."""
        name = self.path.partition("?")[0].removeprefix("/datasets/me/boards/resolve/main/")
        content = self.server.files.get(name)
        if content is None:
            self.answer({}, 404, {"X-Error-Code": "EntryNotFound"})
        else:
            mark = hashlib.sha1(content).hexdigest()
            self.send(content, 200, {"ETag": f'"{mark}"', "X-Repo-Commit": mark})

    do_HEAD = do_GET

    def answer(
        self, value: dict[str, object], status: int = 200, headers: Mapping[str, str] = NO_HEADERS
    ) -> None:
        content = json.dumps(value).encode()
        self.send(content, status, {"Content-Type": "application/json", **headers})

    def send(self, content: bytes, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for key, text in headers.items():
            self.send_header(key, text)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextlib.contextmanager
def running_hub() -> Iterator[Hub]:
    """Serve until the block ends."""
    server = Hub()
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    )
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
