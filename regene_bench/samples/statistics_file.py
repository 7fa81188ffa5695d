"""Files of mean and covariance, as the programs that compute FID exchange them.

``mu`` and ``sigma`` in a ``.npz`` are the one layout of pytorch-fid, TTUR and EDM; ADM's reference
batches hold both beside their images, and those of another layer (``mu_s``, ``sigma_s``). Whatever
else lies in such a file is neither looked at nor loaded. EDM2 pickles the same arrays, which is not
read: loading a pickle runs what is in it.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from regene_bench.base.errors import DataError, ResultsError, UsageError
from regene_bench.base.files import whole_file
from regene_bench.data.npz_files import DAMAGES
from regene_bench.evaluation.reference_statistics import ReferenceStatistics, StatisticsOrigin

_ORIGIN = "regene_bench"
# 20,000 features squared; the largest networks of the field give 4,096
_MOST_BYTES = 1 << 32
_HOW = (
    "Such files hold the arrays mu [D] and sigma [D, D]: `regene-bench stats` and pytorch-fid's "
    "--save-stats write them."
)


def read_statistics(path: Path) -> ReferenceStatistics:
    """Read mean and covariance from a ``.npz``.

    Raises:
        UsageError: There is no such file.
        DataError: It is no such file, is damaged, or its arrays are no mean and covariance.
    """
    if not path.is_file():
        kind = "is no file" if path.exists() else "does not exist"
        raise UsageError(f"The file of statistics {path} {kind}.", hint=_HOW)
    try:
        if not zipfile.is_zipfile(path):
            raise _not_a_zip(path)
        shapes = _declared(path)
        missing = [name for name in ("mu", "sigma") if name not in shapes]
        if missing:
            listing = ", ".join(f"{name} {list(shape)}" for name, shape in shapes.items())
            raise DataError(
                f"{path} has no array {' and no '.join(missing)}; it has {listing or 'none'}.",
                hint=_HOW,
            )
        with np.load(path, allow_pickle=False) as file:
            origin = _origin(file[_ORIGIN], path) if _ORIGIN in shapes else None
            return ReferenceStatistics.checked(file["mu"], file["sigma"], path.name, origin)
    except (*DAMAGES, KeyError) as error:
        raise DataError(
            f"Cannot read {path}: it is damaged ({error}).", hint="Download or write it again."
        ) from None


def write_statistics(statistics: ReferenceStatistics, path: Path) -> None:
    """Write mean and covariance as pytorch-fid and others read them, and beside them their origin.

    Args:
        statistics: With an origin.
        path: A ``.npz``; one that is there is replaced.

    Raises:
        ResultsError: It cannot be written.
    """
    assert statistics.origin is not None
    try:
        with whole_file(path) as file:
            np.savez_compressed(
                file,
                mu=statistics.mean.numpy(),
                sigma=statistics.covariance.numpy(),
                regene_bench=np.array(statistics.origin.model_dump_json()),
            )
    except OSError as error:
        raise ResultsError(
            f"Cannot write to {path}: {error.strerror or error}.",
            hint="Give --out the path of a file in a folder that exists and can be written to.",
        ) from error


def _not_a_zip(path: Path) -> DataError:
    with path.open("rb") as file:
        pickled = file.read(1) == b"\x80"
    if not pickled:
        return DataError(f"{path} is no .npz file.", hint=_HOW)
    target = path.with_suffix(".npz")
    return DataError(
        f"{path} is a pickle, which may run anything when it is loaded; it is not read.",
        hint="If you trust it, write its arrays as a .npz. For EDM2's files (fd_dinov2 in place of "
        "fid for the other network):\n"
        f"  python -c \"import numpy, pickle; s = pickle.load(open({str(path)!r}, 'rb'))['fid']; "
        f"numpy.savez({str(target)!r}, mu=s['mu'], sigma=s['sigma'])\"",
    )


def _declared(path: Path) -> dict[str, tuple[int, ...]]:
    """Read the shapes of a file's arrays from their headers, before any memory is given to them."""
    shapes: dict[str, tuple[int, ...]] = {}
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            name = entry.filename.removesuffix(".npy")
            if name == entry.filename:
                continue
            with archive.open(entry) as file:
                if np.lib.format.read_magic(file) == (1, 0):
                    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
                else:
                    shape, _, dtype = np.lib.format.read_array_header_2_0(file)
            wanted = name in ("mu", "sigma", _ORIGIN)
            if wanted and dtype.hasobject:
                raise ValueError(f"{name} holds objects, not numbers")
            if wanted and int(np.prod(shape, dtype=object)) * dtype.itemsize > _MOST_BYTES:
                raise ValueError(f"{name} declares the shape {list(shape)}: too large")
            shapes[name] = shape
    return shapes


def _origin(values: np.ndarray, path: Path) -> StatisticsOrigin:
    try:
        return StatisticsOrigin.model_validate_json(str(values[()]))
    except ValidationError as error:
        raise DataError(
            f"{path} says in '{_ORIGIN}' how it was made, but not so that it can be read "
            f"({error.error_count()} problems).",
            hint="Make it again with `regene-bench stats`.",
        ) from None
