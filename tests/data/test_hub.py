"""A repository of the Hub as a data set: what is fetched, at which commit, and with no network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from regene_bench_plugins.datasets.hub import HubImages

from regene_bench.base.errors import ConfigError, DataError
from regene_bench.data.load import LoadedDataset, load_dataset

from .builders import GREY, request, same_images, write_class_folders
from .hub_files import COMMIT, REPO, FileHub, serving
from .layout_builders import TEST, TRAIN, parquet_set

Serve = Callable[[Path], FileHub]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Serve]:
    """Serve the files of a folder as the repository, to a Hub's client with an empty cache."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_PROGRESS_BARS", True)
    monkeypatch.delenv("REGENE_BENCH_OFFLINE", raising=False)
    with ExitStack() as stack:

        def start(folder: Path) -> FileHub:
            files = {
                path.relative_to(folder).as_posix(): path.read_bytes()
                for path in sorted(folder.rglob("*"))
                if path.is_file()
            }
            server = stack.enter_context(serving(files))
            monkeypatch.setenv("HF_ENDPOINT", server.address)
            return server

        yield start


def load(**options: Any) -> tuple[LoadedDataset, HubImages]:
    source = HubImages(request("hub", GREY, options={"repo": REPO, **options}))
    return load_dataset(source, source_name="hub", decode_again=True), source


def refused(**options: Any) -> str:
    with pytest.raises(DataError) as caught:
        load(**options)
    return str(caught.value)


def test_tables_are_fetched_and_nothing_else(serve: Serve, tmp_path: Path) -> None:
    parquet_set(tmp_path / "repo" / "data")
    (tmp_path / "repo" / "README.md").write_text("A data set.")
    (tmp_path / "repo" / "cover.png").write_bytes(b"no image at all")
    server = serve(tmp_path / "repo")
    data, source = load(revision=COMMIT)
    assert same_images(data.train, TRAIN)
    assert same_images(data.test, TEST)
    assert sorted(server.fetched) == [
        "data/test-00000-of-00001.parquet",
        "data/train-00000-of-00001.parquet",
    ]
    assert source.notes() == ()


def test_a_branch_is_told_with_the_commit_it_stands_for(serve: Serve, tmp_path: Path) -> None:
    parquet_set(tmp_path / "repo")
    serve(tmp_path / "repo")
    _, source = load()
    (note,) = source.notes()
    assert f'user/set at main is commit {COMMIT}; write revision = "{COMMIT}"' in note
    assert all(COMMIT in str(file) for file in source.files())


def test_image_folders_are_fetched_where_there_are_no_tables(serve: Serve, tmp_path: Path) -> None:
    for split, data in (("train", TRAIN), ("test", TEST)):
        write_class_folders(tmp_path / "repo" / split, data)
    serve(tmp_path / "repo")
    assert same_images(load()[0].train, TRAIN)


def test_only_the_configuration_is_fetched(serve: Serve, tmp_path: Path) -> None:
    for config in ("small", "large"):
        parquet_set(tmp_path / "repo" / config)
    server = serve(tmp_path / "repo")
    assert same_images(load(config="small")[0].train, TRAIN)
    assert {name.split("/")[0] for name in server.fetched} == {"small"}
    assert "large, small" in refused()
    assert "below tiny/ holds neither" in refused(config="tiny")


def test_without_a_network_the_hubs_cache_is_read(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet_set(tmp_path / "repo")
    server = serve(tmp_path / "repo")
    monkeypatch.setenv("REGENE_BENCH_OFFLINE", "1")
    text = refused()
    assert "user/set at main is not on this machine" in text
    assert "hf download user/set --repo-type dataset" in text
    assert server.fetched == []
    monkeypatch.delenv("REGENE_BENCH_OFFLINE")
    load()
    monkeypatch.setenv("REGENE_BENCH_OFFLINE", "1")
    fetched = list(server.fetched)
    for revision in ("main", COMMIT):
        assert same_images(load(revision=revision)[0].train, TRAIN)
    assert server.fetched == fetched


def test_what_the_hub_has_not_is_said(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "set.py").write_text("")
    serve(tmp_path / "repo")
    text = refused()
    assert "neither Parquet nor Arrow nor image files" in text
    assert 'revision = "refs/convert/parquet"' in text
    assert "has no revision 'v2'" in refused(revision="v2")
    assert "no data set 'user/other' for you" in refused(repo="user/other")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert "cannot be fetched" in refused()
    with pytest.raises(ConfigError, match="repo"):
        load(repo="set")
