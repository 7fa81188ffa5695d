"""``weights``: verified files, from the network, from a file, or a clear answer."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.plugins.distributions import install

CONTENT = b"weights" * 1000
EXTRACTOR = """
from regene_bench.hookspecs import hookimpl
from regene_bench.api import FeatureExtractor, WeightsFile

@hookimpl
def register_feature_extractors(register):
    register("net", "fake_net:Net")
    register("broken", "fake_net:Nothing")

class Net(FeatureExtractor):
    weights = (WeightsFile("net", "net.bin", "URL", "SHA", SIZE),)
    def prepare(self, data, runtime): ...
    def extract(self, images): ...
    card = None
"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def published(tmp_path: Path) -> Iterator[Path]:
    """The file as its publisher's server has it."""
    folder = tmp_path / "server"
    folder.mkdir()
    (folder / "net.bin").write_bytes(CONTENT)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    source = EXTRACTOR.replace("URL", f"http://127.0.0.1:{server.server_port}/net.bin")
    source = source.replace("SHA", hashlib.sha256(CONTENT).hexdigest())
    install(plugins, "fake-net", source.replace("SIZE", str(len(CONTENT))))
    yield folder / "net.bin"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def weights(cli: Cli) -> Cli:
    """``regene-bench weights`` with the fake extractor alone, and no proxy."""
    only = {"REGENE_BENCH_PLUGINS": "fake-net", "no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}
    return lambda *arguments: cli("weights", *arguments, **only)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "weights" / "net.bin"


@pytest.mark.usefixtures("published")
def test_fetch_and_verify(weights: Cli, kept: Path) -> None:
    assert "missing" in weights("list").stdout
    done = weights("fetch", "net")
    assert done.returncode == 0, done.stderr
    assert kept.read_bytes() == CONTENT
    assert "ok" in weights("verify").stdout
    kept.write_bytes(CONTENT[:-1])
    done = weights("verify")
    assert done.returncode == 2
    assert str(kept) in done.stderr
    assert weights("fetch", "net").returncode == 0
    assert kept.read_bytes() == CONTENT


def test_a_wrong_file_is_not_kept(weights: Cli, kept: Path, published: Path) -> None:
    published.write_bytes(b"another")
    done = weights("fetch", "net")
    assert done.returncode == 2
    assert "SHA-256" in done.stderr
    assert "weights add FILE" in done.stderr
    assert [p.name for p in kept.parent.iterdir() if not p.name.startswith(".")] == []


def test_a_server_without_the_file(weights: Cli, published: Path) -> None:
    published.unlink()
    done = weights("fetch", "net")
    assert done.returncode == 2
    assert "404" in done.stderr


@pytest.mark.usefixtures("published")
def test_offline(weights: Cli) -> None:
    done = weights("fetch", "net", "--offline")
    assert done.returncode == 2
    assert "the network is off" in done.stderr


def test_add_takes_the_right_file_under_any_name(
    weights: Cli, kept: Path, published: Path, tmp_path: Path
) -> None:
    wrong = tmp_path / "cut"
    wrong.write_bytes(CONTENT[:-5])
    done = weights("add", str(wrong))
    assert done.returncode == 2
    assert "none of the needed files" in done.stderr
    assert weights("add", str(tmp_path / "nowhere")).returncode == 2
    done = weights("add", str(published))
    assert done.returncode == 0, done.stderr
    assert kept.read_bytes() == CONTENT


@pytest.mark.usefixtures("published")
def test_unknown_names(weights: Cli) -> None:
    assert "Did you mean 'net'?" in weights("fetch", "nett").stderr
