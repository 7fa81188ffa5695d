"""What all tests share: a cache of their own, and a benchmark that a run takes seconds on."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.once import made_once, shared_folder

# timings decide no test: a busy machine is no fault of the code
settings.register_profile("whole", deadline=None)
settings.load_profile("whole")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage among thousands of modules and tests that all stay: then or later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


TINY_PROTOCOL = """
name = "tiny"
version = 1
title = "a few digits"
default_preset = "quick"
default_methods = ["real"]

[data]
source = "digits"
channels = 1
height = 8
width = 8
classes = 10

[evaluation]
metrics = [METRICS]
reference_split = "train"
rank_by = "RANK"
"""
_PRESET = """
[presets.NAME]
n_generated = 40
n_reference = 60
[presets.NAME.extractors.neutral]
epochs = 1.0
depth = 8
batch_size = 64
"""


def tiny_protocol_text(*metrics: str, rank_by: str) -> str:
    """The text of a protocol on digits with few samples and a shallow neutral classifier."""
    text = TINY_PROTOCOL.replace("METRICS", ", ".join(f'"{name}"' for name in metrics))
    text = text.replace("RANK", rank_by)
    return text + "".join(_PRESET.replace("NAME", n) for n in ("quick", "standard", "paper"))


@pytest.fixture(scope="session", autouse=True)
def session_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One cache for all tests of a session: the user's own is neither read nor written.

    All processes of the session share it, as those of a user do, so that the neutral classifier of
    a small protocol is trained once.
    """
    folder = shared_folder(tmp_path_factory) / "cache"
    folder.mkdir(exist_ok=True)
    before = os.environ.get("REGENE_BENCH_CACHE")
    os.environ["REGENE_BENCH_CACHE"] = str(folder)
    yield folder
    if before is None:
        del os.environ["REGENE_BENCH_CACHE"]
    else:
        os.environ["REGENE_BENCH_CACHE"] = before


@pytest.fixture(scope="session", autouse=True)
def offline() -> Iterator[None]:
    """No test waits for a network that is not there, unless the caller says that it is.

    With ``REGENE_BENCH_OFFLINE=0`` in the environment published weights are fetched and held to
    their contracts. Tests of downloads, from servers of their own, need no such word.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REGENE_BENCH_OFFLINE", os.environ.get("REGENE_BENCH_OFFLINE", "1"))
        yield


@pytest.fixture(scope="session", autouse=True)
def no_waiting_for_the_disk() -> Iterator[None]:
    """Files are whole without it unless the power fails, which it does in no test.

    That the content is synced before a file gets its name has a test of its own.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: None)
        yield


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache for one test."""
    folder = tmp_path / "own cache"
    monkeypatch.setenv("REGENE_BENCH_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session")
def tiny_protocol(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A protocol with all kinds of measures that need no download."""
    path = tmp_path_factory.mktemp("protocols") / "tiny.toml"
    text = tiny_protocol_text(
        "fd_efficientnet_lite0",
        "neutral",
        "reconstruction",
        "trials",
        rank_by="fd_efficientnet_lite0",
    )
    path.write_text(text)
    return path


@pytest.fixture(scope="session")
def light_protocol(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A protocol that is measured by the neutral classifier alone: its runs take no time."""
    path = tmp_path_factory.mktemp("protocols") / "light.toml"
    path.write_text(
        tiny_protocol_text("neutral", "trials", rank_by="accuracy_neutral").replace(
            '"tiny"', '"light"'
        )
    )
    return path


@pytest.fixture(scope="session")
def our_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This distribution, built."""
    from tests.wheels import ROOT, build

    folder = made_once(tmp_path_factory, "our wheel", lambda folder: build(ROOT, folder))
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="session")
def our_site(our_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which pip has installed our wheel, to be put on a process's path."""
    from tests.wheels import install

    return made_once(tmp_path_factory, "our site", lambda folder: install(our_wheel, folder))
