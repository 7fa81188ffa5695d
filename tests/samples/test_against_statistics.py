"""Scoring against mean and covariance: equal to scoring against the images, beside nothing else."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import regene_bench
from regene_bench.base.errors import DataError, RegeneBenchError, UsageError
from regene_bench.leaderboard.parts import read_parts
from regene_bench.leaderboard.ranking import make_boards
from regene_bench.leaderboard.record import ScoreRow
from regene_bench.plugins.host import load_plugins
from regene_bench.samples.report import Report
from regene_bench.samples.reproduction import repetition_of
from tests.conftest import tiny_protocol_text
from tests.data.builders import encode, write_class_folders

from .block_means import BlockMeans, block_means, register_block_means
from .builders import held_out_digits, write_flat

METRIC = "fd[extractor=blocks]"


@pytest.fixture(autouse=True)
def _extractor(monkeypatch: pytest.MonkeyPatch) -> None:
    register_block_means(monkeypatch)


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    """40 held-out digits, uint8 ``[40, 1, 8, 8]``."""
    return held_out_digits(per_class=4).images


@pytest.fixture
def protocol(tmp_path: Path) -> Path:
    path = tmp_path / "blocks.toml"
    path.write_text(tiny_protocol_text(METRIC, rank_by="fd").replace('"tiny"', '"blocks"'))
    return path


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """Statistics as pytorch-fid writes them, of pictures of noise."""
    path = tmp_path / "noise.npz"
    noise = np.random.default_rng(0).integers(0, 256, (50, 1, 8, 8), dtype=np.uint8)
    return write_foreign(path, noise)


def write_foreign(path: Path, images: np.ndarray) -> Path:
    features = block_means(torch.from_numpy(images)).double().numpy()
    np.savez_compressed(path, mu=features.mean(axis=0), sigma=np.cov(features, rowvar=False))
    return path


def against(stats: Path, samples: Any, **options: Any) -> Report:
    options = {"extractor": "blocks"} | options
    return regene_bench.score(samples, against_stats=stats, **options)


def row(report: Report, metric: str) -> ScoreRow:
    (found,) = [r for r in report.rows if r.metric == metric]
    return found


def test_statistics_of_a_benchmark_give_the_benchmarks_own_score(
    protocol: Path, digits: np.ndarray, tmp_path: Path
) -> None:
    out = tmp_path / "blocks.npz"
    made = regene_bench.stats(str(protocol), "blocks", out)
    assert (made.n, made.dimension) == (60, 9)
    direct = regene_bench.score(digits, str(protocol))
    assert direct.value("fd") > 1
    assert against(out, digits).value("fd") == pytest.approx(direct.value("fd"), rel=1e-12)
    infinity = "fd_infinity[extractor=blocks]"
    direct = regene_bench.score(digits, str(protocol), metrics=infinity)
    found = row(against(out, digits), "fd_infinity")
    expected = row(direct, "fd_infinity")
    assert (found.value, found.std, found.ci_low) == pytest.approx(
        (expected.value, expected.std, expected.ci_low), rel=1e-9
    )


def test_the_split_and_the_preset_can_be_named(protocol: Path, tmp_path: Path) -> None:
    text = protocol.read_text().replace("n_reference = 60", "n_reference = 50", 1)
    protocol.write_text(text)
    made = {
        (preset, split): regene_bench.stats(
            str(protocol), "blocks", tmp_path / "x.npz", preset=preset, split=split
        )
        for preset, split in (("quick", "train"), ("quick", "test"), ("paper", "train"))
    }
    assert [one.n for one in made.values()] == [50, 50, 60]
    assert len({one.sha256 for one in made.values()}) == 3
    origin = made["quick", "test"].origin
    assert origin is not None
    assert (origin.split, origin.preset, origin.benchmark) == ("test", "quick", "blocks")


def test_the_row_says_what_it_was_compared_with(
    protocol: Path, digits: np.ndarray, foreign: Path, tmp_path: Path
) -> None:
    out = tmp_path / "own.npz"
    made = regene_bench.stats(str(protocol), "blocks", out)
    found = row(against(out, digits), "fd")
    assert (found.n_real, found.n_generated, found.reference_split) == (60, 40, None)
    assert (found.extractor_id, found.weights_sha256) == ("blocks", BlockMeans.weights_sha256)
    expected = f"mean and covariance {made.short_hash} of own.npz, 60 train images of blocks v1"
    assert expected in found.note
    report = against(foreign, digits)
    found = row(report, "fd")
    assert found.n_real is None
    assert "does not say which images, network and preprocessing" in found.note
    assert "compares with no other reference" in found.note
    assert "against the statistics noise.npz of blocks" in report.title


def test_images_of_another_size_than_the_statistics_are_noted(
    protocol: Path, digits: np.ndarray, tmp_path: Path
) -> None:
    out = tmp_path / "own.npz"
    regene_bench.stats(str(protocol), "blocks", out)
    large = digits.repeat(2, axis=2).repeat(3, axis=3)
    assert "images of 24×16 pixels against statistics of 8×8" in row(against(out, large), "fd").note


def test_a_leaderboard_ranks_it_beside_the_same_statistics_only(
    protocol: Path, digits: np.ndarray, foreign: Path, tmp_path: Path
) -> None:
    results = tmp_path / "results"
    own, renamed, others = (tmp_path / f"{name}.npz" for name in ("own", "renamed", "others"))
    regene_bench.stats(str(protocol), "blocks", own)
    arrays = np.load(own)
    np.savez(renamed, mu=arrays["mu"], sigma=arrays["sigma"])
    regene_bench.stats(str(protocol), "blocks", others, split="test")
    regene_bench.score(digits, str(protocol), results=results)
    for stats, name in ((own, "a"), (renamed, "b"), (others, "a"), (foreign, "a")):
        report = against(stats, digits, results=results, name=name)
        assert report.record.benchmark == f"stats-{report.record.dataset_fingerprint[:12]}"
    table, bad = read_parts(results)
    assert bad == []
    boards = make_boards(table)
    lines = [sorted(line.method for line in board.lines) for board in boards]
    assert sorted(lines) == [["a"], ["a"], ["a", "b"], ["samples"]]
    assert len({board.cohort for board in boards}) == 4
    assert len({(board.benchmark, board.dataset_fingerprint) for board in boards}) == 4


def test_the_same_pixels_are_one_run_wherever_they_lie(
    digits: np.ndarray, foreign: Path, tmp_path: Path
) -> None:
    """Images keep their own size and colours; labels and class folders say nothing."""
    folder = write_flat(tmp_path / "flat", digits)
    colour = write_flat(tmp_path / "colour", digits.repeat(3, axis=1))
    shutil.make_archive(str(tmp_path / "flat"), "zip", folder)
    np.savez(tmp_path / "a.npz", images=digits, labels=np.full(len(digits), 99))
    np.save(tmp_path / "a.npy", digits[:, 0])
    samples = [folder, colour, tmp_path / "flat.zip", tmp_path / "a.npz", tmp_path / "a.npy"]
    samples += [digits, digits.repeat(3, axis=1), torch.from_numpy(digits).float() / 255]
    reports = [against(foreign, one) for one in samples]
    assert len({report.record.run_id for report in reports}) == 1
    assert len({report.value("fd") for report in reports}) == 1


def test_class_folders_of_any_names_and_parquet_are_read_without_labels(
    digits: np.ndarray, foreign: Path, tmp_path: Path
) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    split = held_out_digits(per_class=4)
    folders = write_class_folders(tmp_path / "out", split) or tmp_path / "out"
    for label in range(10):
        (tmp_path / "out" / str(label)).rename(tmp_path / "out" / f"{label} of no benchmark")
    images = [{"bytes": encode(image), "path": None} for image in split.images]
    table = pa.table({"image": images, "label": [f"no. {n}" for n in split.labels]})
    pq.write_table(table, tmp_path / "a.parquet")
    expected = against(foreign, digits).value("fd")
    for samples in (folders, tmp_path / "a.parquet"):
        report = against(foreign, samples)
        assert len(report.record.scores) == 2
        assert report.value("fd") == pytest.approx(expected, rel=1e-12)


def test_grey_and_colour_images_may_be_mixed_but_not_sizes(
    digits: np.ndarray, foreign: Path, tmp_path: Path
) -> None:
    folder = write_flat(tmp_path / "mixed", digits[:20])
    write_flat(folder / "colour", digits[20:].repeat(3, axis=1))
    assert against(foreign, folder).value("fd") == against(foreign, digits).value("fd")
    write_flat(folder / "large", digits.repeat(2, axis=2).repeat(2, axis=3))
    with pytest.raises(DataError, match="different sizes"):
        against(foreign, folder)


def test_damaged_images_are_left_out_where_that_is_asked_for(
    digits: np.ndarray, foreign: Path, tmp_path: Path
) -> None:
    """Even the first, from which images take their size."""
    folder = write_flat(tmp_path / "flat", digits)
    (folder / "000.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"000\.png"):
        against(foreign, folder)
    report = against(foreign, folder, skip_bad=True, labels="none")
    assert report.value("fd") == against(foreign, digits[1:]).value("fd")
    assert "1 of 40 images left out" in row(report, "fd").note


def test_the_metrics_are_those_that_need_no_more(digits: np.ndarray, foreign: Path) -> None:
    report = against(foreign, digits)
    assert [r.metric for r in report.rows] == ["fd", "fd_infinity"]
    assert [r.metric for r in against(foreign, digits, metrics="fd").rows] == ["fd"]
    assert {r.extractor_id for r in report.rows} == {"blocks"}


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"metrics": "kid"}, "needs the real images"),
        ({"metrics": "fd_per_class"}, "needs the real images"),
        ({"metrics": "prdc"}, "needs the real images"),
        ({"metrics": "fid"}, "measured with inception, but the statistics are of blocks"),
        ({"metrics": "fd[extractor=inception]"}, "measured with inception"),
        ({"metrics": "fd[reference=test]"}, "names a split"),
        ({"extractor": ""}, "must be named"),
        ({"extractor": "block"}, "There is no feature extractor 'block'"),
        ({"extractor": "neutral"}, "trained on a benchmark's images"),
        ({"against": "digits"}, "against cannot be given"),
        ({"labels": np.zeros(40, int)}, "labels cannot be given"),
        ({"preset": "quick"}, "preset cannot be given"),
        ({"data": ["x"]}, "data cannot be given"),
        ({"resize": True}, "resize cannot be given"),
        ({"force": True}, "force cannot be given"),
        ({"against_stats": "https://x.org/a.npz"}, "is an address"),
    ],
)
def test_what_statistics_cannot_do_is_refused_before_anything_is_read(
    options: dict[str, Any], what: str, foreign: Path
) -> None:
    options = {"against_stats": foreign, "extractor": "blocks"} | options
    with pytest.raises(RegeneBenchError, match=what) as caught:
        regene_bench.score(Path("/"), **options)
    assert caught.value.hint


def test_a_file_that_tells_its_extractor_is_held_to_it(
    protocol: Path, digits: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "own.npz"
    regene_bench.stats(str(protocol), "blocks", out)
    with pytest.raises(DataError, match="of the extractor 'blocks', not of 'inception'") as caught:
        against(out, digits, extractor="inception")
    assert caught.value.hint == "Score with --extractor blocks."
    monkeypatch.setattr(BlockMeans, "weights_sha256", "cd" * 32)
    with pytest.raises(DataError, match="made with another blocks: its weights_sha256"):
        against(out, digits)


def test_another_number_of_features_is_refused(digits: np.ndarray, tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", mu=np.zeros(2048), sigma=np.eye(2048))
    with pytest.raises(DataError, match="statistics of 2048 features; blocks gives 9"):
        against(tmp_path / "a.npz", digits)


def test_without_its_weights_the_extractors_scores_are_unavailable(
    digits: np.ndarray, tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGENE_BENCH_OFFLINE", "1")
    np.savez(tmp_path / "a.npz", mu=np.zeros(3), sigma=np.eye(3))
    report = against(tmp_path / "a.npz", digits, extractor="inception")
    assert [(r.metric, r.status) for r in report.rows] == [("fid", "unavailable")]


def test_nothing_to_compare_with_is_an_error(digits: np.ndarray) -> None:
    with pytest.raises(UsageError, match="Nothing was given"):
        regene_bench.score(digits)
    with pytest.raises(UsageError, match="none were given"):
        regene_bench.score(digits, "digits", extractor="inception")


@pytest.mark.parametrize("in_memory", [False, True])
def test_the_row_says_how_to_make_it_again(
    digits: np.ndarray, foreign: Path, tmp_path: Path, in_memory: bool
) -> None:
    np.save(tmp_path / "a.npy", digits)
    report = against(foreign, digits if in_memory else tmp_path / "a.npy", name="mine")
    words = repetition_of(report.record, load_plugins(), tmp_path)
    if in_memory:
        assert words.startswith(f"regene_bench.score(images, against_stats={str(foreign)!r}, ")
        repeated = eval(words, {"regene_bench": regene_bench, "images": digits})
        assert repeated.record.run_id == report.record.run_id
    else:
        expected = f"regene-bench score {tmp_path / 'a.npy'} --against-stats {foreign}"
        expected += f" --extractor blocks --name mine --results {tmp_path}"
        assert words == shlex.join(shlex.split(expected))


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda folder: folder / "a.npy", "does not end in .npz"),
        (lambda folder: folder / "none" / "a.npz", "There is no folder"),
    ],
)
def test_a_place_that_cannot_be_written_to_is_refused_at_once(
    make: Callable[[Path], Path], what: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=what):
        regene_bench.stats("digits", "blocks", make(tmp_path))
    with pytest.raises(UsageError, match="no split 'val'"):
        regene_bench.stats("digits", "blocks", tmp_path / "a.npz", split="val")
