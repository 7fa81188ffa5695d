"""Whatever file was damaged is named with what to do; a folder that is whole is said to be."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import typer

from regene_bench.base.errors import UsageError
from regene_bench.cli.diagnosis import verified
from regene_bench.cli.verify import verify
from regene_bench.data.decoded_cache import store
from regene_bench.data.fingerprint import fingerprint
from regene_bench.data.source import ImageSet
from regene_bench.harness.verification import Looked, look_at_caches, look_at_results
from regene_bench.leaderboard import reading
from regene_bench.leaderboard.folding import table_of
from regene_bench.leaderboard.part_file import part_bytes
from regene_bench.leaderboard.parts import read_parts, write_part
from regene_bench.leaderboard.places import part_path
from regene_bench.leaderboard.seal import read_sealed, sealed
from regene_bench.plugins.host import load_plugins
from regene_bench.runtime.checkpoints import CheckpointStore
from regene_bench.runtime.shared_weights import SharedWeights, hash_weights
from tests.leaderboard.helpers import record, score

RUN = "0123456789abcdef"
JUDGE = hash_weights({"w": torch.ones(2)})


@pytest.fixture
def results(tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run as it lies on disk, another one, and everything that caches hold."""
    monkeypatch.setattr(reading, "WORTH_A_COPY", 3)
    folder = tmp_path / "results"
    for number in range(3):
        write_part(folder, record(f"{number:016x}"))
    write_part(folder, record(RUN, scores=(score("fid", 2.0),)))
    run = folder / "runs" / RUN
    CheckpointStore(run / "checkpoints").save("cgan", {"step": 3, "w": torch.ones(4)})
    (run / "run.json").write_text(json.dumps({"run_id": RUN, "params": {}}))
    SharedWeights(folder, "neutral-0123").take({"w": torch.ones(2)}, counts=True)
    (folder / ".repeating").mkdir()
    (folder / ".repeating" / "a.json").write_text('{"left": ["a"], "forgotten": []}')
    (folder / ".repeating" / "of an older version.json").write_text('["a"]')
    read_parts(folder)
    CheckpointStore(own_cache / "features").save("net-1", {"features": torch.ones(3, 2)})
    CheckpointStore(own_cache / "neutral" / "key").save("neutral classifier", {"w": torch.ones(2)})
    images = torch.arange(128, dtype=torch.uint8).reshape(2, 1, 8, 8).numpy()
    split = ImageSet(images, torch.arange(2).numpy(), ("a", "b"))
    assert store("k" * 40, split, split, fingerprint(split, split))
    return folder


def _looked(results: Path) -> list[Looked]:
    return [*look_at_caches(load_plugins()), *look_at_results(results)]


def _damaged(results: Path) -> list[Looked]:
    return [one for one in _looked(results) if one.damage]


def test_what_is_whole_is_said_to_be_whole(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    looked = _looked(results)
    assert [one for one in looked if one.damage] == []
    assert len(looked) == 4 + 1 + 1 + 2 + 2 + 1 + 1 + 1 + 1
    with pytest.raises(typer.Exit) as caught:
        verify(results)
    assert caught.value.exit_code == 0
    assert capsys.readouterr().out == "14 files were looked at, 0 are damaged.\n"


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) * 2 // 3] ^= 8
    path.write_bytes(content)


def _flip_a_split(entry: Path) -> None:
    content = bytearray((entry / "train_images.npy").read_bytes())
    content[-3] ^= 1
    (entry / "train_images.npy").write_bytes(content)


FILES: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "a part": (f"results/leaderboard/digits/{RUN}.parquet", _flip, "do its run again"),
    "a checkpoint": (f"results/runs/{RUN}/checkpoints/cgan.safetensors", _flip, "beginning"),
    "a description": (f"results/runs/{RUN}/run.json", lambda p: p.write_text("{"), "made again"),
    "another's": (f"results/runs/{RUN}/run.json", lambda p: p.write_text('{"run_id": 1}'), "again"),
    "a model": (f"results/runs/{RUN}/model.json", lambda p: p.write_text("{}"), "--force"),
    "a judge": (f"results/shared/neutral-0123/{JUDGE}.safetensors", _flip, "Copy it anew"),
    "who judges": (
        "results/shared/neutral-0123/chosen",
        lambda path: path.write_text("0" * 64),
        "Copy it anew",
    ),
    "a note": ("results/.repeating/a.json", lambda p: p.write_text("3"), "--force"),
    "features": ("cache/features/net-1.safetensors", _flip, "made again"),
    "a classifier": ("cache/neutral/key/neutral classifier.safetensors", _flip, "made again"),
    "decoded data": (f"cache/decoded/{'k' * 40}", _flip_a_split, "made again"),
}


@pytest.mark.parametrize("what", FILES)
def test_a_damaged_file_is_named_with_what_to_do(
    what: str, results: Path, tmp_path: Path, own_cache: Path
) -> None:
    name, damage, remedy = FILES[what]
    root, _, rest = name.partition("/")
    path = (results if root == "results" else own_cache) / rest
    damage(path)
    (found,) = _damaged(results)
    assert found.path == path
    assert remedy in found.remedy
    with pytest.raises(typer.Exit) as caught:
        verify(results)
    assert caught.value.exit_code == 1


def test_the_copy_of_a_leaderboard_is_looked_at(results: Path, own_cache: Path) -> None:
    (path,) = (own_cache / "leaderboards").glob("*.arrow")
    _flip(path)
    assert [one.path for one in _damaged(results)] == [path]


def test_a_part_that_was_damaged_after_it_was_copied_is_found(results: Path) -> None:
    path = part_path(results, "digits", f"{2:016x}")
    before = path.stat()
    _flip(path)
    assert path.stat().st_size == before.st_size
    assert [one.path for one in _damaged(results)] == [path]


def test_contradicting_copies_are_told(results: Path) -> None:
    run = record(RUN, scores=(score("fid", 2.0),))
    own = part_path(results, "digits", RUN)
    kept = own.read_bytes()
    copy = write_part(results, replace(run, scores=(score("fid", 3.0),))).rename(
        own.with_name("copy.parquet")
    )
    own.write_bytes(kept)
    (found,) = _damaged(results)
    assert found.path == copy
    assert "remove the other" in found.remedy


def test_doctor_tells_the_same(results: Path) -> None:
    (whole,) = verified(load_plugins(), results)
    assert (whole.state, whole.detail) == ("ok", "14 were read, 0 are damaged")
    _flip(results / "runs" / RUN / "checkpoints" / "cgan.safetensors")
    summary, one = verified(load_plugins(), results)
    assert summary.state == one.state == "broken"
    assert one.name == "cgan.safetensors"


def test_json_lists_what_is_damaged(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = results / "runs" / RUN / "run.json"
    path.write_text("")
    with pytest.raises(typer.Exit):
        verify(results, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["looked_at"] == 14
    assert [one["path"] for one in told["damaged"]] == [str(path)]


def test_a_folder_that_is_not_there_is_refused(results: Path) -> None:
    with pytest.raises(UsageError, match="There is no folder"):
        verify(results / "nowhere")


def test_a_part_that_says_two_things_is_told_of(results: Path) -> None:
    path = part_path(results, "digits", RUN)
    pages = part_bytes(table_of([record(RUN, scores=(score("fid", 3.0),))]), "many runs")
    # a seal that holds over both; other programs would read 3, this one 2
    path.write_bytes(sealed(pages, read_sealed(path).extra))
    (one,) = _damaged(results)
    assert one.path == path
    assert "other programs read other rows" in one.damage
