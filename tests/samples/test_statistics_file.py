"""Files of mean and covariance: the layouts of the programs that write them, and bad files."""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regene_bench.base.errors import DataError, RegeneBenchError, ResultsError, UsageError
from regene_bench.evaluation.reference_statistics import ReferenceStatistics
from regene_bench.samples.statistics_file import read_statistics, write_statistics
from tests.evaluation.test_reference_statistics import ORIGIN

FEATURES = np.random.default_rng(0).standard_normal((30, 4)) + 1
MU, SIGMA = FEATURES.mean(axis=0), np.cov(FEATURES, rowvar=False)


def pytorch_fid(path: Path) -> None:
    np.savez_compressed(path, mu=MU, sigma=SIGMA)


def edm_and_ttur(path: Path) -> None:
    np.savez(path, mu=MU, sigma=SIGMA)


def adm(path: Path) -> None:
    """A reference batch: images, and statistics of two layers, the means in float32."""
    spatial = {"mu_s": np.ones(7, np.float32), "sigma_s": np.eye(7)}
    images = np.zeros((3, 4, 4, 3), np.uint8)
    np.savez(path, arr_0=images, mu=MU.astype(np.float32), sigma=SIGMA, **spatial)


@pytest.mark.parametrize("write", [pytorch_fid, edm_and_ttur, adm])
def test_mu_and_sigma_are_read_from_every_layout(write: Any, tmp_path: Path) -> None:
    path = tmp_path / "stats.npz"
    write(path)
    found = read_statistics(path)
    np.testing.assert_allclose(found.mean.numpy(), MU, rtol=1e-6 if write is adm else 0)
    np.testing.assert_array_equal(found.covariance.numpy(), SIGMA)
    assert (found.name, found.origin, found.n) == ("stats.npz", None, None)


def test_nothing_but_mu_and_sigma_is_loaded(tmp_path: Path) -> None:
    """Images of a reference batch may be larger than memory; here they could not be read at all."""
    path = tmp_path / "stats.npz"
    np.savez(path, mu=MU, sigma=SIGMA, arr_0=np.array([object()]))
    assert read_statistics(path).dimension == 4


def test_what_was_written_comes_back_with_its_origin(tmp_path: Path) -> None:
    path = tmp_path / "own.npz"
    written = ReferenceStatistics.checked(MU, SIGMA, "own.npz", ORIGIN)
    write_statistics(written, path)
    found = read_statistics(path)
    assert (found.sha256, found.origin, found.n) == (written.sha256, ORIGIN, 7)
    assert list(np.load(path, allow_pickle=False)) == ["mu", "sigma", "regene_bench"]
    with pytest.raises(ResultsError, match="Cannot write"):
        write_statistics(written, tmp_path / "no folder" / "own.npz")


def no_file(path: Path) -> None:
    pass


def a_folder(path: Path) -> None:
    path.mkdir()


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def text(path: Path) -> None:
    path.write_text("mu sigma")


def empty(path: Path) -> None:
    path.touch()


def cut_short(path: Path) -> None:
    pytorch_fid(path)
    path.write_bytes(path.read_bytes()[:-200])


def images(path: Path) -> None:
    np.savez(path, arr_0=np.zeros((3, 4, 4, 3), np.uint8))


def only_mu(path: Path) -> None:
    np.savez(path, mu=MU)


def objects(path: Path) -> None:
    np.savez(path, mu=MU, sigma=np.array([object()]))


def not_npy(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("mu.npy", "no array")


def too_large(path: Path) -> None:
    """Headers that declare half a terabyte."""
    with zipfile.ZipFile(path, "w") as file:
        for name, shape in (("mu", (1 << 18,)), ("sigma", (1 << 18, 1 << 18))):
            with file.open(f"{name}.npy", "w") as member:
                header = {"descr": "<f8", "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(member, header)


def shorter_than_it_says(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        for name, shape in (("mu", (40,)), ("sigma", (40, 40))):
            with file.open(f"{name}.npy", "w") as member:
                header = {"descr": "<f8", "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(member, header)


def unreadable_origin(path: Path) -> None:
    np.savez(path, mu=MU, sigma=SIGMA, regene_bench=np.array('{"extractor": 3}'))


@pytest.mark.parametrize(
    ("make", "kind", "what"),
    [
        (no_file, UsageError, "does not exist"),
        (a_folder, UsageError, "is no file"),
        (a_pipe, UsageError, "is no file"),
        (text, DataError, "is no .npz file"),
        (empty, DataError, "is no .npz file"),
        (cut_short, DataError, "is no .npz file|damaged"),
        (images, DataError, r"no array mu and no sigma; it has arr_0 \[3, 4, 4, 3\]"),
        (only_mu, DataError, r"no array sigma; it has mu \[4\]"),
        (objects, DataError, "sigma holds objects"),
        (not_npy, DataError, "damaged"),
        (too_large, DataError, "too large"),
        (shorter_than_it_says, DataError, "damaged"),
        (unreadable_origin, DataError, "how it was made"),
    ],
)
def test_bad_files_are_refused_by_name(
    make: Any, kind: type[RegeneBenchError], what: str, tmp_path: Path
) -> None:
    path = tmp_path / "bad.npz"
    make(path)
    with pytest.raises(kind, match=what) as caught:
        read_statistics(path)
    assert str(path) in caught.value.message
    assert caught.value.hint


def test_a_pickle_is_not_read_and_the_hint_makes_a_file_that_is(tmp_path: Path) -> None:
    """EDM2 keeps the statistics of two networks in one pickle."""
    path = tmp_path / "img64.pkl"
    fid = {"mu": MU, "sigma": SIGMA}
    path.write_bytes(pickle.dumps({"num_images": 30, "fid": fid, "fd_dinov2": fid}))
    with pytest.raises(DataError, match="is a pickle") as caught:
        read_statistics(path)
    command = re.search(r'python -c "(.*)"', caught.value.hint)
    assert command is not None
    subprocess.run([sys.executable, "-c", command[1]], check=True)
    found = read_statistics(path.with_suffix(".npz"))
    np.testing.assert_array_equal(found.covariance.numpy(), SIGMA)
