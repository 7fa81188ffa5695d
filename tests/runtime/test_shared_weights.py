"""All who write to a results folder judge by the same weights, whoever made them first."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from regene_bench.base.errors import ResultsError
from regene_bench.runtime.shared_weights import (
    SharedWeights,
    Tensors,
    copy_weights,
    hash_weights,
    read_weights,
    weights_files,
)

RECIPE = "neutral-0123"


def weights(seed: int, width: int = 3) -> dict[str, torch.Tensor]:
    rng = torch.Generator().manual_seed(seed)
    return {"b": torch.randn(width, generator=rng), "a": torch.randn(2, width, generator=rng)}


LIKE = weights(0)


def never() -> Tensors:
    raise AssertionError("made again")


def equal(one: Tensors, other: Tensors) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def lend(results: Path, make: Callable[[], Tensors]) -> Tensors:
    return SharedWeights(results, RECIPE).lend(LIKE, make)


def the_file(results: Path) -> Path:
    (path,) = weights_files(results)
    return path


def test_the_first_makes_them_and_all_others_get_these(tmp_path: Path) -> None:
    assert SharedWeights(tmp_path, RECIPE).find(LIKE) is None
    made = lend(tmp_path, lambda: weights(1))
    assert equal(made, weights(1))
    assert equal(lend(tmp_path, never), made)


def test_they_lie_under_the_digest_of_names_and_values(tmp_path: Path) -> None:
    made = lend(tmp_path, lambda: weights(1))
    expected = hashlib.sha256()
    for name in ("a", "b"):
        expected.update(name.encode() + made[name].numpy().tobytes())
    path = the_file(tmp_path)
    assert path == tmp_path / "shared" / RECIPE / f"{expected.hexdigest()}.safetensors"
    assert SharedWeights(tmp_path, RECIPE).chosen == expected.hexdigest()
    # any reader of safetensors reads them
    assert equal(load_file(path), made)


def assert_that_one_of_many_comes_first(results: Path) -> None:
    """Without any lock, as on disks that keep none: each makes other weights."""
    everybody_has_looked = threading.Barrier(8)
    got: list[Tensors] = []

    def take_part(seed: int) -> None:
        def make() -> Tensors:
            everybody_has_looked.wait()
            return weights(seed)

        got.append(lend(results, make))

    threads = [threading.Thread(target=take_part, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 8
    assert {hash_weights(one) for one in got} == {SharedWeights(results, RECIPE).chosen}


def test_of_many_at_once_one_comes_first_and_the_others_judge_by_its(tmp_path: Path) -> None:
    assert_that_one_of_many_comes_first(tmp_path)


@pytest.mark.parametrize("damage", ["a flipped bit", "gone", "no file of weights", "another shape"])
def test_damaged_ones_are_made_again_where_they_come_out_the_same(
    damage: str, tmp_path: Path
) -> None:
    lend(tmp_path, lambda: weights(1))
    break_it(the_file(tmp_path), damage)
    assert SharedWeights(tmp_path, RECIPE).find(LIKE) is None
    assert equal(lend(tmp_path, lambda: weights(1)), weights(1))
    assert equal(lend(tmp_path, never), weights(1))


@pytest.mark.parametrize("damage", ["a flipped bit", "gone", "no file of weights", "another shape"])
def test_where_others_come_out_nothing_is_judged(damage: str, tmp_path: Path) -> None:
    lend(tmp_path, lambda: weights(1))
    path = the_file(tmp_path)
    whole = path.read_bytes()
    break_it(path, damage)
    with pytest.raises(ResultsError) as caught:
        lend(tmp_path, lambda: weights(2))
    assert str(path) in caught.value.message
    assert hash_weights(weights(2))[:8] in caught.value.message
    # as the hint says
    path.write_bytes(whole)
    assert equal(lend(tmp_path, never), weights(1))


def break_it(path: Path, damage: str) -> None:
    if damage == "a flipped bit":
        content = bytearray(path.read_bytes())
        content[-3] ^= 64
        path.write_bytes(content)
    elif damage == "gone":
        path.unlink()
    elif damage == "another shape":
        save_file(weights(1, width=4), path)
    else:
        path.write_text("nothing of the kind")


def test_whole_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    """Whoever has a folder of somebody else may find there whatever that one put in it."""
    SharedWeights(tmp_path, RECIPE).take(weights(1, width=4), counts=True)
    with pytest.raises(ResultsError, match="missing or damaged"):
        lend(tmp_path, lambda: weights(1))


def test_a_lost_note_has_the_only_weights_count_again(tmp_path: Path) -> None:
    """As where a call was ended between keeping its weights and saying that they count."""
    lend(tmp_path, lambda: weights(1))
    (tmp_path / "shared" / RECIPE / "chosen").unlink()
    assert equal(lend(tmp_path, never), weights(1))


def test_of_many_at_once_one_comes_first_where_there_are_no_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    assert_that_one_of_many_comes_first(tmp_path)


def test_a_note_that_cannot_be_read_is_no_missing_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that does not answer for a moment must not change who judges."""
    lend(tmp_path, lambda: weights(1))

    def stale(path: Path, *_: object) -> None:
        raise OSError(errno.ESTALE, "Stale file handle")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", stale)
        with pytest.raises(ResultsError, match="Stale"):
            lend(tmp_path, lambda: weights(2))
    assert equal(lend(tmp_path, never), weights(1))


@pytest.mark.parametrize("text", ["", "../../elsewhere", "f" * 63, "F" * 64, "é"])
def test_a_note_that_names_nothing_is_written_anew(text: str, tmp_path: Path) -> None:
    shared = SharedWeights(tmp_path, RECIPE)
    shared.folder.mkdir(parents=True)
    (shared.folder / "chosen").write_text(text, encoding="utf-8")
    assert shared.chosen is None
    assert equal(lend(tmp_path, lambda: weights(1)), weights(1))
    assert shared.chosen == hash_weights(weights(1))


@pytest.mark.parametrize("linked", ["shared", f"shared/{RECIPE}"])
def test_what_lies_elsewhere_is_neither_read_nor_changed(linked: str, tmp_path: Path) -> None:
    elsewhere, results = tmp_path / "elsewhere", tmp_path / "results"
    lend(elsewhere, lambda: weights(1))
    (results / linked).parent.mkdir(parents=True)
    (results / linked).symlink_to(elsewhere / linked)
    with pytest.raises(ResultsError, match="by a link"):
        SharedWeights(results, RECIPE).find(LIKE)
    with pytest.raises(ResultsError, match="by a link"):
        lend(results, lambda: weights(2))
    assert weights_files(results) == []
    assert equal(lend(elsewhere, never), weights(1))


@pytest.mark.parametrize("name", ["", "..", "A", "a/b", "a b", "\x1b[31m", "a?b"])
def test_a_recipe_is_a_plain_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be the name"):
        SharedWeights(tmp_path, name)
    if name.isprintable() and name not in ("", "..") and "/" not in name:
        folder = tmp_path / "shared" / name
        folder.mkdir(parents=True)
        save_file(weights(1), folder / f"{hash_weights(weights(1))}.safetensors")
    assert weights_files(tmp_path) == []


def test_what_is_no_file_is_passed_over(tmp_path: Path) -> None:
    """Whoever opens a FIFO waits for ever."""
    shared = SharedWeights(tmp_path, RECIPE)
    shared.folder.mkdir(parents=True)
    os.mkfifo(shared.folder / f"{'0' * 64}.safetensors")
    os.mkfifo(shared.folder / "chosen")
    assert shared.chosen is None
    assert weights_files(tmp_path) == []


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.int64, torch.bool])
def test_weights_may_be_of_any_type(dtype: torch.dtype, tmp_path: Path) -> None:
    made = {"w": torch.arange(6).reshape(2, 3).to(dtype), "n": torch.tensor(1).to(dtype)}
    shared = SharedWeights(tmp_path, RECIPE)
    assert equal(shared.lend(made, lambda: made), made)
    found = shared.find(made)
    assert found is not None
    assert equal(found, made)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "shared").write_text("a file in the folder's place")
    with pytest.raises(ResultsError, match="judged by"):
        lend(tmp_path, lambda: weights(1))


def digests(*seeds: int) -> set[str]:
    return {hash_weights(weights(seed)) for seed in seeds}


def test_a_copy_is_judged_as_the_first_folder_is(tmp_path: Path) -> None:
    one, two, into = tmp_path / "one", tmp_path / "two", tmp_path / "into"
    lend(one, lambda: weights(1))
    lend(two, lambda: weights(2))
    SharedWeights(two, "neutral-4567").take(weights(3), counts=True)
    assert copy_weights([one, two], into, digests(1, 2, 3)) == {
        RECIPE: digests(1, 2),
        "neutral-4567": digests(3),
    }
    assert equal(lend(into, never), weights(1))
    assert {path.stem for path in weights_files(into)} == digests(1, 2, 3)


def test_the_file_itself_is_copied(tmp_path: Path) -> None:
    one, into = tmp_path / "one", tmp_path / "into"
    lend(one, lambda: weights(1))
    copy_weights([one], into, digests(1))
    assert the_file(into).read_bytes() == the_file(one).read_bytes()


def test_only_what_has_judged_rows_is_copied_and_counts_there(tmp_path: Path) -> None:
    one, into = tmp_path / "one", tmp_path / "into"
    lend(one, lambda: weights(1))
    SharedWeights(one, RECIPE).take(weights(2), counts=True)
    assert SharedWeights(one, RECIPE).chosen == hash_weights(weights(1))
    assert copy_weights([one], into, digests(2)) == {RECIPE: digests(2)}
    assert equal(lend(into, never), weights(2))


def test_a_copy_takes_nothing_that_is_damaged(tmp_path: Path) -> None:
    one, into = tmp_path / "one", tmp_path / "into"
    lend(one, lambda: weights(1))
    break_it(the_file(one), "a flipped bit")
    assert read_weights(the_file(one)) is None
    assert copy_weights([one, tmp_path / "nothing here"], into, digests(1)) == {}
    assert weights_files(into) == []


def test_the_same_bytes_in_another_form_do_not_take_the_place_of_good_ones(tmp_path: Path) -> None:
    lend(tmp_path / "one", lambda: weights(1))
    turned = weights(1) | {"a": weights(1)["a"].reshape(3, 2)}
    SharedWeights(tmp_path / "two", RECIPE).take(turned, counts=True)
    copy_weights([tmp_path / "one", tmp_path / "two"], tmp_path / "into", digests(1))
    assert equal(lend(tmp_path / "into", never), weights(1))
