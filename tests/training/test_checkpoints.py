"""Checkpoints hold nested states exactly, and are there whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
import torch

from regene_bench.base.errors import ResultsError
from regene_bench.runtime.checkpoints import CheckpointStore


def same(a: Any, b: Any) -> bool:
    """Equal in value, type, dtype, shape and order of keys; NaN equals NaN."""
    if type(a) is not type(b):
        return False
    if isinstance(a, torch.Tensor):
        return (a.dtype, a.shape) == (b.dtype, b.shape) and bool(
            torch.equal(a, b) or torch.equal(a.isnan(), b.isnan())
        )
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


STATES: dict[str, Any] = {
    "nothing": {},
    "integer keys": {0: {"exp_avg": torch.ones(3)}, 12: {"exp_avg": torch.zeros(2)}, "0": "text"},
    "tuples": {"betas": (0.9, 0.999), "nested": ((), (1, (2,)), [3, (4, torch.arange(2))])},
    "lists": [1, [], [None, True, False], -2.5e-300],
    "bfloat16": {"w": torch.randn(3, 4).bfloat16()},
    "half": torch.randn(5).half(),
    "integers": [torch.tensor([2**62, -1]), torch.tensor([255], dtype=torch.uint8)],
    "booleans": torch.tensor([True, False]),
    "empty tensors": {"a": torch.empty(0), "b": torch.empty(3, 0, 2)},
    "no dimensions": {"step": torch.tensor(7.0)},
    "floats": [0.1, 1e308, float("inf"), -0.0],
    "not a number": {"w": torch.tensor([1.0, float("nan")])},
    "keys that look like the format's own": {"__tensor__": 1, "__pairs__": [2], "__tuple__": 3},
    "names": {"ünïcode/\n'\"": "\x00 text"},
    "random state": torch.get_rng_state(),
    "only a number": 3,
    "only nothing": [None],
}


@pytest.mark.parametrize("name", sorted(STATES))
def test_states_come_back_as_they_were(name: str, tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    store.save("state", STATES[name])
    assert same(store.load("state"), STATES[name])


def test_the_state_of_an_optimiser_comes_back(tmp_path: Path) -> None:
    network = torch.nn.Linear(3, 2)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.1)
    network(torch.ones(4, 3)).sum().backward()
    optimizer.step()
    store = CheckpointStore(tmp_path)
    store.save("adam", optimizer.state_dict())
    assert same(store.load("adam"), optimizer.state_dict())


def test_views_and_shared_memory_are_saved_as_values(tmp_path: Path) -> None:
    base = torch.arange(12.0).reshape(3, 4)
    state = {"base": base, "turned": base.T, "column": base[:, 1], "again": base}
    store = CheckpointStore(tmp_path)
    store.save("views", state)
    assert same(store.load("views"), state)


def test_channels_last_weights_keep_their_values(tmp_path: Path) -> None:
    weight = torch.randn(4, 3, 2, 2).contiguous(memory_format=torch.channels_last)
    store = CheckpointStore(tmp_path)
    store.save("weight", weight)
    assert same(store.load("weight"), weight)


def test_what_cannot_be_held_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="cannot hold a set"):
        CheckpointStore(tmp_path).save("state", {"a": {1, 2}})


def test_there_is_none(tmp_path: Path) -> None:
    assert CheckpointStore(tmp_path / "nowhere").load("state") is None


@pytest.mark.parametrize("keep", [0, 1, 7, 8, 60, 0.5, 0.99])
def test_a_torn_file_is_none(keep: float, tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    store.save("state", {"weights": torch.randn(50)})
    (file,) = tmp_path.iterdir()
    content = file.read_bytes()
    file.write_bytes(content[: keep if keep >= 1 else int(len(content) * keep)])
    assert store.load("state") is None


def test_a_flipped_bit_never_gives_another_state(tmp_path: Path) -> None:
    store, told = CheckpointStore(tmp_path), []
    state = {"step": 7, "done": False, "w": torch.randn(9), "order": torch.arange(5)}
    store.save("state", state)
    (file,) = tmp_path.iterdir()
    content = file.read_bytes()
    for place in range(len(content)):
        flipped = bytearray(content)
        flipped[place] ^= 1 << place % 8
        file.write_bytes(flipped)
        found = store.load("state", told.append)
        # a flip in the checksum's own name leaves a file without one, as older versions wrote it
        assert found is None or same(found, state)
    assert len(told) > 0.9 * len(content)
    assert set(told) == {"its bytes are not those that were written"}


def test_checkpoints_of_versions_without_a_checksum_are_read(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    state = {"state": '{"__pairs__": [["w", {"__tensor__": "0"}]]}'}
    save_file({"0": torch.ones(2)}, tmp_path / "old.safetensors", state)
    assert same(CheckpointStore(tmp_path).load("old"), {"w": torch.ones(2)})


def test_of_a_checkpoint_that_is_not_there_nothing_is_told(tmp_path: Path) -> None:
    told: list[str] = []
    assert CheckpointStore(tmp_path).load("state", told.append) is None
    assert told == []


@pytest.mark.parametrize("content", [b"\x00" * 500, b"\xff" * 500, b"{}" * 100, b"PK\x03\x04"])
def test_a_file_of_something_else_is_none(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "state.safetensors").write_bytes(content)
    assert CheckpointStore(tmp_path).load("state") is None


def test_a_safetensors_file_of_another_program_is_none(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"w": torch.ones(2)}, tmp_path / "plain.safetensors")
    save_file({"w": torch.ones(2)}, tmp_path / "other.safetensors", {"format": "pt"})
    store = CheckpointStore(tmp_path)
    assert store.load("plain") is None
    assert store.load("other") is None


def raise_no_space(handle: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_leaves_the_last_checkpoint_and_no_rubbish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = CheckpointStore(tmp_path)
    store.save("state", {"step": 1})
    monkeypatch.setattr(os, "fsync", raise_no_space)
    with pytest.raises(ResultsError, match="No space left on device") as caught:
        store.save("state", {"step": 2})
    assert str(tmp_path / "state.safetensors") in caught.value.message
    assert "disk space" in caught.value.hint
    assert store.load("state") == {"step": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["state.safetensors"]


def test_a_file_in_the_folders_place_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultsError, match="Cannot write the checkpoint") as caught:
        CheckpointStore(tmp_path / "file").save("state", {})
    assert "name another one" in caught.value.hint
    assert "--" not in caught.value.hint  # the folder may be a cache, which no option names


def test_a_temporary_file_of_a_killed_process_is_swept_away(tmp_path: Path) -> None:
    left = tmp_path / ".stage.safetensors.abc.tmp"
    other = tmp_path / ".other.safetensors.abc.tmp"
    left.write_bytes(b"half")
    other.write_bytes(b"half")
    for path in (left, other):
        os.utime(path, (0, 0))
    CheckpointStore(tmp_path).save("stage", {"step": 1})
    assert not left.exists()
    assert other.exists()


def test_two_processes_may_write_one_name_at_the_same_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, fsync, calls = CheckpointStore(tmp_path), os.fsync, []

    def another_writes_meanwhile(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 1:
            CheckpointStore(tmp_path).save("features", {"step": 2})
        fsync(handle)

    monkeypatch.setattr(os, "fsync", another_writes_meanwhile)
    store.save("features", {"step": 1})
    assert len(calls) == 2
    assert store.load("features") == {"step": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["features.safetensors"]
