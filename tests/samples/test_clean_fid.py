"""Statistics that clean-fid publishes, fetched by clean-fid's own function from a local server."""

from __future__ import annotations

import io
import threading
import time
import urllib.request
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import regene_bench
from regene_bench.base.errors import UnavailableError, UsageError
from regene_bench.samples.clean_fid import clean_fid_statistics

cleanfid = pytest.importorskip("cleanfid", reason="clean-fid is missing")
PUBLISHED = "https://www.cs.cmu.edu/~clean-fid/stats/"
SIGMA = np.diag(np.arange(1.0, 6.0))


class _Server(SimpleHTTPRequestHandler):
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """What clean-fid's authors publish; clean-fid keeps what it fetches in a folder of the test."""
    folder = tmp_path / "server"
    folder.mkdir()
    monkeypatch.setattr(_Server, "asked", [], raising=False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Server, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    original = urllib.request.urlopen

    def urlopen(url: str, *args: Any, **options: Any) -> Any:
        assert url.startswith(PUBLISHED)
        name = url.removeprefix(PUBLISHED).lstrip("/")
        return original(f"http://127.0.0.1:{server.server_port}/{name}", *args, **options)

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    monkeypatch.delenv("REGENE_BENCH_OFFLINE")
    keep_in(tmp_path, monkeypatch)
    yield folder
    server.shutdown()
    thread.join()
    server.server_close()


def keep_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = folder / "package"
    package.mkdir()
    monkeypatch.setattr(cleanfid, "__file__", str(package / "__init__.py"))


def test_they_are_fetched_once_by_name(
    served: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(served / "cifar10_clean_train_32.npz", mu=np.arange(5.0), sigma=SIGMA)
    found = clean_fid_statistics("clean-fid:cifar10/train")
    np.testing.assert_array_equal(found.mean.numpy(), np.arange(5.0))
    np.testing.assert_array_equal(found.covariance.numpy(), SIGMA)
    assert found.name == "clean-fid:cifar10/train/32"
    # the report may be JSON that a program reads
    assert capsys.readouterr().out == ""
    monkeypatch.setenv("REGENE_BENCH_OFFLINE", "1")
    assert clean_fid_statistics("clean-fid:CIFAR10/train").sha256 == found.sha256
    assert _Server.asked == ["/cifar10_clean_train_32.npz"]


def test_the_side_is_said_or_the_samples_own(served: Path) -> None:
    np.savez(served / "ffhq_clean_trainval70k_256.npz", mu=np.zeros(5), sigma=SIGMA)
    np.savez(served / "ffhq_clean_trainval70k_1024.npz", mu=np.ones(5), sigma=SIGMA)
    source = "clean-fid:ffhq/trainval70k"
    assert float(clean_fid_statistics(source, 256).mean[0]) == 0
    assert float(clean_fid_statistics(f"{source}/1024", 256).mean[0]) == 1


def test_statistics_that_clean_fid_has_made_of_ones_own_images_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_in(tmp_path, monkeypatch)
    monkeypatch.setenv("REGENE_BENCH_OFFLINE", "1")
    (tmp_path / "package" / "stats").mkdir()
    np.savez(tmp_path / "package/stats/mine_clean_custom_na.npz", mu=np.ones(5), sigma=SIGMA)
    found = clean_fid_statistics("clean-fid:mine/custom", 64)
    assert (found.name, found.dimension) == ("clean-fid:mine/custom", 5)


def test_what_is_not_published_is_a_usage_error(served: Path) -> None:
    with pytest.raises(
        UsageError, match="has no statistics of cifar10, split validation, of 32×32"
    ):
        clean_fid_statistics("clean-fid:cifar10/validation")


@pytest.mark.parametrize("source", ["clean-fid:", "clean-fid:cifar10", "clean-fid:../x/train"])
def test_a_name_of_another_form_is_a_usage_error(source: str) -> None:
    with pytest.raises(UsageError, match="names no statistics"):
        clean_fid_statistics(source, 32)


def test_without_a_network_they_are_unavailable_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The remedy is a file that ``--against-stats`` reads as well."""
    keep_in(tmp_path, monkeypatch)
    monkeypatch.setenv("REGENE_BENCH_OFFLINE", "1")
    began = time.monotonic()
    with pytest.raises(UnavailableError, match="turns the network off") as caught:
        regene_bench.score(
            np.zeros((2, 32, 32, 3), np.uint8),
            against_stats="clean-fid:cifar10/train",
            extractor="inception",
        )
    assert time.monotonic() - began < 5
    assert f"{PUBLISHED}cifar10_clean_train_32.npz" in caught.value.hint
    monkeypatch.delenv("REGENE_BENCH_OFFLINE")

    def refuse(*_: object, **__: object) -> Any:
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    with pytest.raises(UnavailableError, match="no route to host"):
        clean_fid_statistics("clean-fid:cifar10/train")


def test_what_came_in_part_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REGENE_BENCH_OFFLINE")
    keep_in(tmp_path, monkeypatch)
    whole = io.BytesIO()
    np.savez(whole, mu=np.zeros(5), sigma=SIGMA)
    answers = [whole.getvalue()[:300], whole.getvalue()]
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_: io.BytesIO(answers.pop(0)))
    with pytest.raises(UnavailableError, match="is damaged") as caught:
        clean_fid_statistics("clean-fid:cifar10/train")
    assert caught.value.hint == "Call again."
    assert clean_fid_statistics("clean-fid:cifar10/train").dimension == 5


def test_a_damaged_file_of_an_earlier_call_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_in(tmp_path, monkeypatch)
    path = tmp_path / "package" / "stats" / "cifar10_clean_train_32.npz"
    path.parent.mkdir()
    path.write_bytes(b"PK half")
    with pytest.raises(UnavailableError, match="is damaged") as caught:
        clean_fid_statistics("clean-fid:cifar10/train")
    assert caught.value.hint == f"Remove {path}, and call again."
    assert path.exists()


def test_they_are_of_inception_only() -> None:
    with pytest.raises(UsageError, match="of the extractor 'inception', not of 'dinov2'"):
        regene_bench.score(
            np.zeros((2, 32, 32, 3), np.uint8),
            against_stats="clean-fid:cifar10/train",
            extractor="dinov2",
        )
