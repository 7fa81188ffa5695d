"""Runs that train in step are killed at one step: none is a checkpoint ahead of the others."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from regene_bench.runtime.checkpoints import CheckpointStore
from regene_bench.runtime.generations import one_generation, settle_generation

LANES = 3


class KilledError(BaseException):
    """The process is no more."""


@contextmanager
def killed_at(event: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """End at the n-th change of a folder; nothing that tidies up is done after that."""
    seen = 0

    def counted(real: Any) -> Any:
        def change(*args: Any, **kwargs: Any) -> Any:
            nonlocal seen
            seen += 1
            if seen > event:
                raise KilledError
            return real(*args, **kwargs)

        return change

    with monkeypatch.context() as patch:
        patch.setattr(os, "link", counted(os.link))
        for name in ("replace", "unlink", "touch"):
            patch.setattr(Path, name, counted(getattr(Path, name)))
        yield


def _stores(folder: Path) -> list[CheckpointStore]:
    return [CheckpointStore(folder / str(lane)) for lane in range(LANES)]


def _steps(stores: list[CheckpointStore]) -> list[Any]:
    return [store.load("gan") for store in stores]


def _write(stores: list[CheckpointStore], step: int) -> None:
    with one_generation(stores, "gan"):
        for store in stores:
            store.save("gan", step)


def _killed_after(store: CheckpointStore) -> None:
    store.save("gan", 20)
    raise KilledError


@pytest.mark.parametrize("before", [None, 10])
@pytest.mark.parametrize("event", range(12))
def test_killed_at_any_moment_all_are_old_or_all_new(
    event: int, before: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores = _stores(tmp_path)
    if before is not None:
        _write(stores, before)
    try:
        with killed_at(event, monkeypatch):
            _write(stores, 20)
    except KilledError:
        pass
    settle_generation(stores, "gan")
    found = _steps(stores)
    assert found in ([before] * LANES, [20] * LANES)
    assert not [file for store in stores for file in store.folder.glob("*.before")]


@pytest.mark.parametrize("event", range(12))
def test_killed_while_it_is_put_back_it_is_put_back_again(
    event: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores = _stores(tmp_path)
    _write(stores, 10)
    with pytest.raises(KilledError), killed_at(LANES + 2, monkeypatch):
        _write(stores, 20)
    assert sorted(_steps(stores)) == [10, 20, 20]
    try:
        with killed_at(event, monkeypatch):
            settle_generation(stores, "gan")
    except KilledError:
        settle_generation(stores, "gan")
    assert _steps(stores) == [10] * LANES


def test_two_groups_of_other_steps_are_settled_each_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores = _stores(tmp_path)
    alone = CheckpointStore(tmp_path / "alone")
    alone.save("gan", 5)
    _write(stores, 10)
    with pytest.raises(KilledError), killed_at(LANES + 1, monkeypatch):
        _write(stores, 20)
    settle_generation([alone, *stores], "gan")
    assert _steps([alone, *stores]) == [5, 10, 10, 10]


def test_on_a_file_system_without_links_copies_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: Any) -> None:
        raise OSError("no links here")

    stores = _stores(tmp_path)
    _write(stores, 10)
    monkeypatch.setattr(os, "link", none)
    with pytest.raises(KilledError), one_generation(stores, "gan"):
        _killed_after(stores[0])
    settle_generation(stores, "gan")
    assert _steps(stores) == [10] * LANES


def test_one_store_alone_keeps_nothing_beside_it(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    with pytest.raises(KilledError), one_generation([store], "gan"):
        _killed_after(store)
    assert [file.name for file in tmp_path.iterdir()] == ["gan.safetensors"]
