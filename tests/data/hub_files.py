"""A local server that hands out a repository, of data or a model, as the Hugging Face Hub does."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

COMMIT = "0123456789abcdef0123456789abcdef01234567"
REPO = "user/set"
_API = f"/api/datasets/{REPO}"


class FileHub(ThreadingHTTPServer):
    """Serves files of one commit, which the branch ``main`` stands at."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = files
        self.fetched: list[str] = []
        self.address = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: FileHub

    def do_GET(self) -> None:
        path = unquote(self.path.partition("?")[0])
        # a model's addresses differ in this word alone
        path = path.replace("/api/models/", "/api/datasets/")
        path = f"/datasets{path}" if path.startswith(f"/{REPO}/resolve/") else path
        files = self.server.files
        if path in (f"{_API}/revision/main", f"{_API}/revision/{COMMIT}"):
            siblings = [{"rfilename": name} for name in files]
            self.answer_json({"id": REPO, "sha": COMMIT, "siblings": siblings})
        elif path.startswith(f"{_API}/tree/"):
            entries = files.items()
            self.answer_json(
                [{"type": "file", "path": n, "size": len(c), "oid": _etag(c)} for n, c in entries]
            )
        elif path.startswith(f"{_API}/revision/"):
            self.answer(b"{}", 404, {"X-Error-Code": "RevisionNotFound"})
        elif path.startswith(f"/datasets/{REPO}/resolve/{COMMIT}/"):
            name = path.split(f"/{COMMIT}/", 1)[1]
            if self.command == "GET":
                self.server.fetched.append(name)
            content = files[name]
            self.answer(content, 200, {"ETag": f'"{_etag(content)}"', "X-Repo-Commit": COMMIT})
        else:
            self.answer(b"{}", 404, {"X-Error-Code": "RepoNotFound"})

    do_HEAD = do_GET

    def answer_json(self, value: object) -> None:
        self.answer(json.dumps(value).encode(), 200, {"Content-Type": "application/json"})

    def answer(self, content: bytes, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


def _etag(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


@contextlib.contextmanager
def serving(files: Mapping[str, bytes]) -> Iterator[FileHub]:
    """Serve until the block ends."""
    server = FileHub(files)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
