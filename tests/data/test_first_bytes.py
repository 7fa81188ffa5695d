"""A file that is whole but misnamed is told from a damaged one."""

from __future__ import annotations

import io
import shutil
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from regene_bench.base.errors import DataError
from regene_bench.data.first_bytes import kind_of
from regene_bench.samples.read import read_samples

from .builders import GREY, encode, pixels, write_parquet

IMAGES = pixels(3)
NAMES = ("cat", "dog", "owl")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("0.png", encode(IMAGES[0]))
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        member = tarfile.TarInfo("0.png")
        member.size = len(encode(IMAGES[0]))
        tar.addfile(member, io.BytesIO(encode(IMAGES[0])))
    np.save(tmp_path / "a.npy", IMAGES)
    np.savez(tmp_path / "a.npz", images=IMAGES)
    write_parquet(tmp_path / "a.parquet", [encode(image) for image in IMAGES], None)
    return tmp_path


def test_kinds(files: Path) -> None:
    for kind in (".zip", ".tar", ".npy", ".npz", ".parquet"):
        assert kind_of(files / f"a{kind}") == kind
    (files / "torn.zip").write_bytes((files / "a.zip").read_bytes()[:40])
    assert kind_of(files / "torn.zip") == kind_of(files / "nowhere.zip") == ""


@pytest.mark.parametrize(
    ("kind", "called"),
    [
        (".zip", ".tar"),
        (".npz", ".tar"),
        (".tar", ".zip"),
        (".parquet", ".zip"),
        (".npy", ".npz"),
        (".zip", ".npz"),
        (".npz", ".npy"),
    ],
)
def test_a_file_of_another_name_is_called_what_it_is(files: Path, kind: str, called: str) -> None:
    path = files / f"misnamed{called}"
    shutil.copy(files / f"a{kind}", path)
    with pytest.raises(DataError) as caught:
        read_samples(path, GREY, NAMES)
    assert caught.value.message == (
        f"{path} is a {kind} file by its first bytes, not a {called} one."
    )
    assert caught.value.hint == f"Give it a name that ends in {kind}."
