"""Weights appear only whole and verified, whatever server, network or a second process do."""

from __future__ import annotations

import hashlib
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from regene_bench.base.errors import UnavailableError
from regene_bench.evaluation.extractor import WeightsFile
from regene_bench.plan.weights import fetch_weights, find_weights, obtain_weights, weights_path
from tests.plugins.distributions import install
from tests.processes import environment, start

CONTENT = bytes(range(256)) * 4000


@dataclass
class Publisher:
    """What a server sends for the file.

    Attributes:
        body: The bytes.
        promised: What it says their number is.
        gate: Requests wait for it.
        requests: How many came.
    """

    body: bytes = CONTENT
    promised: int = len(CONTENT)
    gate: threading.Event = field(default_factory=threading.Event)
    requests: int = 0
    file: WeightsFile = field(init=False)


@pytest.fixture
def publisher(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    here = Publisher()
    here.gate.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            here.requests += 1
            here.gate.wait(60)
            self.send_response(200)
            self.send_header("Content-Length", str(here.promised))
            self.end_headers()
            self.wfile.write(here.body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")
    monkeypatch.delenv("REGENE_BENCH_OFFLINE", raising=False)
    digest = hashlib.sha256(CONTENT).hexdigest()
    url = f"http://127.0.0.1:{server.server_port}/net.bin"
    here.file = WeightsFile("net", "net.bin", url, digest, len(CONTENT))
    yield here
    server.shutdown()
    thread.join()
    server.server_close()


def kept(file: WeightsFile) -> list[str]:
    """Names in the folder of weights, the lock aside."""
    return [p.name for p in weights_path(file).parent.iterdir() if p.suffix != ".lock"]


def test_a_fetched_file_is_whole_and_is_not_fetched_again(publisher: Publisher) -> None:
    seen: list[tuple[int, int]] = []
    path = obtain_weights(publisher.file, lambda *event: seen.append(event))
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert obtain_weights(publisher.file) == path
    assert publisher.requests == 1
    assert kept(publisher.file) == ["net.bin"]


@pytest.mark.parametrize("promised", [len(CONTENT), 1000], ids=["cut off", "short"])
def test_a_truncated_answer_leaves_nothing(publisher: Publisher, promised: int) -> None:
    publisher.body, publisher.promised = CONTENT[:1000], promised
    with pytest.raises(UnavailableError) as caught:
        obtain_weights(publisher.file)
    assert "weights add FILE" in caught.value.hint
    assert kept(publisher.file) == []


def test_other_content_of_the_same_length_leaves_nothing(publisher: Publisher) -> None:
    publisher.body = CONTENT[:-1] + b"\0"
    with pytest.raises(UnavailableError, match="SHA-256"):
        obtain_weights(publisher.file)
    assert kept(publisher.file) == []


def test_a_failed_fetch_leaves_a_corrupt_file_as_it_was_and_a_good_one_replaces_it(
    publisher: Publisher,
) -> None:
    path = weights_path(publisher.file)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"corrupt")
    publisher.body = CONTENT[:1000]
    with pytest.raises(UnavailableError):
        obtain_weights(publisher.file)
    assert path.read_bytes() == b"corrupt"
    publisher.body = CONTENT
    assert obtain_weights(publisher.file).read_bytes() == CONTENT


def test_offline_nothing_is_asked_of_the_server(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UnavailableError, match="network is off"):
        fetch_weights(publisher.file, offline=True)
    monkeypatch.setenv("REGENE_BENCH_OFFLINE", "1")
    with pytest.raises(UnavailableError, match="network is off"):
        obtain_weights(publisher.file)
    assert publisher.requests == 0


def test_offline_a_file_that_is_here_is_enough(publisher: Publisher) -> None:
    path = obtain_weights(publisher.file)
    assert fetch_weights(publisher.file, offline=True) == find_weights(publisher.file) == path
    assert publisher.requests == 1


def test_of_two_processes_one_fetches_and_both_have_the_file(
    publisher: Publisher, tmp_path: Path, own_cache: Path
) -> None:
    file = publisher.file
    source = f"""
from regene_bench.hookspecs import hookimpl
from regene_bench.api import FeatureExtractor, WeightsFile

@hookimpl
def register_feature_extractors(register):
    register("net", "fake_net:Net")

class Net(FeatureExtractor):
    weights = ({file!r},)
    def prepare(self, data, runtime): ...
    def extract(self, images): ...
    card = None
"""
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    install(plugins, "fake-net", source)
    online = {"REGENE_BENCH_PLUGINS": "fake-net", "REGENE_BENCH_OFFLINE": "0"}
    variables = environment(own_cache, plugins, **online)
    publisher.gate.clear()
    both = [start(["weights", "fetch", "net"], tmp_path, variables) for _ in range(2)]
    threading.Timer(3.0, publisher.gate.set).start()
    for process in both:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    assert publisher.requests == 1
    assert weights_path(file).read_bytes() == CONTENT
    assert kept(file) == ["net.bin"]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_the_file_is_readable_for_others_like_any_download(publisher: Publisher) -> None:
    assert obtain_weights(publisher.file).stat().st_mode & 0o777 == 0o644
