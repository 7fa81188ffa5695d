"""``regene-bench score``: another program's images beside trained methods, and clear refusals."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from regene_bench.cli.main import main
from tests.conftest import tiny_protocol_text
from tests.data.builders import encode, write_class_folders
from tests.processes import environment, regene_bench
from tests.samples.builders import held_out_digits, write_flat


@pytest.fixture
def protocol(tmp_path: Path) -> Path:
    """All 360 held-out digits against a few training images, judged by a shallow classifier."""
    path = tmp_path / "whole.toml"
    text = tiny_protocol_text("neutral", rank_by="accuracy_neutral")
    text = text.replace('"tiny"', '"whole"').replace("n_generated = 40", "n_generated = 360")
    path.write_text(text)
    return path


def totals(text: str) -> dict[str, dict[str, Any]]:
    return {row["metric"]: row for row in json.loads(text) if row["class"] is None}


def test_held_out_images_score_what_the_real_line_scores(
    protocol: Path, tmp_path: Path, session_cache: Path
) -> None:
    write_class_folders(tmp_path / "copies", held_out_digits())
    variables = environment(session_cache)
    run = regene_bench(["run", str(protocol), "--methods", "real"], tmp_path, variables)
    assert run.returncode == 0, run.stderr
    arguments = ["copies", "--against", str(protocol), "--results", "results", "--name", "copies"]
    done = regene_bench(["score", *arguments], tmp_path, variables)
    assert done.returncode == 0, done.stderr
    assert "copies: 360 images of copies against whole v1 (quick)" in done.stdout
    assert "regene-bench leaderboard whole" in done.stderr

    shown = regene_bench(["leaderboard", "whole", "--format", "json"], tmp_path, variables)
    (board,) = json.loads(shown.stdout)
    labels = [column["label"] for column in board["columns"]]
    real, copies = (dict(zip(labels, line["cells"], strict=True)) for line in board["lines"])
    assert [line["label"] for line in board["lines"]] == ["real", "copies"]
    assert set(real) == {"accuracy_neutral", "is_neutral"}
    assert copies["accuracy_neutral"]["mean"] == real["accuracy_neutral"]["mean"]


@pytest.mark.slow
def test_the_whole_digits_benchmark(tmp_path: Path, session_cache: Path) -> None:
    write_class_folders(tmp_path / "copies", held_out_digits())
    variables = environment(session_cache)
    metrics = ["--metrics", "fd_efficientnet_lite0,neutral"]
    arguments = ["digits", "--methods", "real", *metrics]
    assert regene_bench(["run", *arguments], tmp_path, variables).returncode == 0
    results = ["--results", "results", "--format", "json"]
    done = regene_bench(
        ["score", "copies", "--against", "digits", *metrics, *results], tmp_path, variables
    )
    assert done.returncode == 0, done.stderr
    mine = totals(done.stdout)
    assert mine["accuracy_neutral"]["value"] > 0.95
    shown = regene_bench(["leaderboard", "digits", "--format", "csv"], tmp_path, variables)
    real, copies = csv.DictReader(shown.stdout.splitlines())
    assert (real["label"], copies["label"]) == ("real", "samples")
    assert copies["accuracy_neutral"] == real["accuracy_neutral"]
    distances = [float(line["fd_efficientnet_lite0"]) for line in (real, copies)]
    assert distances[1] == pytest.approx(distances[0], rel=1e-5)


def test_a_zip_and_an_npz_with_every_format(
    light_protocol: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    split = held_out_digits(per_class=4)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for i, (image, label) in enumerate(zip(split.images, split.labels, strict=True)):
            archive.writestr(f"out/{label}/{i:03}.png", encode(image))
    np.savez(tmp_path / "a.npz", arr_0=split.images, arr_1=split.labels)
    values = []
    for name in ("a.zip", "a.npz"):
        out = called(capsys, 0, tmp_path / name, "--against", light_protocol, "--format", "json")[0]
        values.append(totals(out)["accuracy_neutral"]["value"])
    assert values[0] == values[1]
    for form, part in (("table", "better"), ("md", "| metric |"), ("csv", "run_id,")):
        arguments = (tmp_path / "a.npz", "--against", light_protocol, "--format", form)
        assert part in called(capsys, 0, *arguments)[0]


def called(
    capsys: pytest.CaptureFixture[str], code: int, *arguments: str | Path
) -> tuple[str, str]:
    with pytest.raises(SystemExit) as caught:
        main(["score", *map(str, arguments)])
    captured = capsys.readouterr()
    assert caught.value.code == code, captured.err
    assert "Traceback" not in captured.err
    return captured.out, captured.err


# --- bad samples: exit code 2, nothing on stdout, and what to do -----------------------------


def empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def mixed_sizes(folder: Path) -> None:
    Image.new("L", (9, 9)).save(folder / "999.png")


def truncated(folder: Path) -> None:
    path = folder / "005.png"
    path.write_bytes(path.read_bytes()[:50])


def another_size(folder: Path) -> None:
    for path in folder.iterdir():
        Image.open(path).resize((16, 16)).save(path)


def in_colour(folder: Path) -> None:
    Image.new("RGB", (8, 8), "red").save(folder / "999.png")


def unknown_class(folder: Path) -> None:
    (folder / "tne").mkdir()
    for path in folder.glob("*.png"):
        path.rename(folder / "tne" / path.name)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (empty, ("holds no image",)),
        (mixed_sizes, ("different sizes", "000.png is 8×8", "999.png is 9×9")),
        (truncated, ("Cannot decode", "005.png")),
        (another_size, ("16×16 pixels", "8×8", "--resize")),
        (in_colour, ("999.png is in colour", "convert('L')")),
        (unknown_class, ("'tne'", "0, 1, 2, 3")),
    ],
)
def test_a_bad_folder_gets_a_clear_error(
    light_protocol: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    spoil: Any,
    words: tuple[str, ...],
) -> None:
    folder = write_flat(tmp_path / "samples", held_out_digits(per_class=1).images)
    spoil(folder)
    results = tmp_path / "results"
    arguments = (folder, "--against", light_protocol, "--results", results)
    out, error = called(capsys, 2, *arguments)
    assert out == ""
    assert all(word in error for word in words)
    assert not list(results.rglob("*.parquet"))


def test_forty_images_for_more_dimensions_are_scored_with_a_warning(
    tiny_protocol: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_flat(tmp_path / "samples", held_out_digits(per_class=3).images)
    metrics = ("--metrics", "fd_efficientnet_lite0")
    out, _ = called(capsys, 0, folder, "--against", tiny_protocol, *metrics)
    assert "30 images for 1280 dimensions" in out
    assert "30 images, fewer than the protocol's 40" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere", "--against", "digits"), "There is no file or folder nowhere"),
        ((".", "--against", "digit"), "Did you mean 'digits'?"),
        ((".", "--against", "digits", "--format", "xml"), "There is no format 'xml'"),
        ((".", "--against", "digits", "--metrics", "fidd"), "Did you mean 'fid'?"),
        ((".", "--against", "digits", "--metrics", "fid[n=3]"), "metric fid"),
        ((".", "--against", "digits", "--labels", "nowhere.csv"), "There is no file nowhere.csv"),
        ((".",), "--against"),
    ],
)
def test_mistakes_on_the_command_line(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    out, error = called(capsys, 2, *arguments)
    assert out == ""
    assert words in error


def test_labels_of_one_split_from_a_file(
    light_protocol: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    split = held_out_digits(per_class=4)
    write_flat(tmp_path / "samples" / "test", split.images)
    write_flat(tmp_path / "samples" / "train", split.images[:1])
    rows = (f"{i:03}.png,{label}" for i, label in enumerate(split.labels))
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    given = ("--split", "test", "--labels", tmp_path / "labels.csv", "--format", "json")
    out, _ = called(capsys, 0, tmp_path / "samples", "--against", light_protocol, *given)
    assert totals(out)["accuracy_neutral"]["status"] == "ok"


@pytest.mark.parametrize(
    "code",
    [
        "import regene_bench",
        "from regene_bench.cli.main import main\n"
        "try: main(['score', '--help'])\n"
        "except SystemExit: pass",
    ],
)
def test_neither_the_package_nor_the_help_imports_anything_heavy(code: str) -> None:
    asked = "import sys; print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{asked}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(done.stderr.split()).isdisjoint({"torch", "numpy", "pyarrow", "rich"})
