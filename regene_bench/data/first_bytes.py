"""What kind of file a file is by its first bytes, whatever its name ends in."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Final

from regene_bench.base.errors import DataError

_NUMPY: Final = b"\x93NUMPY"
_PARQUET: Final = b"PAR1"
_ZIP: Final = b"PK\x03\x04"
_TAR: Final = (257, b"ustar")


def kind_of(path: Path) -> str:
    """Tell a zip, a tar, a .npz, a .npy or a Parquet file by its first bytes.

    Returns:
        The suffix that such files have, or empty for another file or one that cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_TAR[0] + len(_TAR[1]))
        if head.startswith(_ZIP):
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
            return ".npz" if names and all(name.endswith(".npy") for name in names) else ".zip"
    except (OSError, zipfile.BadZipFile, NotImplementedError):
        return ""
    if head[_TAR[0] :] == _TAR[1]:
        return ".tar"
    if head.startswith(_NUMPY):
        return ".npy"
    return ".parquet" if head.startswith(_PARQUET) else ""


def named_wrongly(path: Path, expected: str) -> DataError | None:
    """Make the error for a file that is whole, but of another kind than its name says.

    Args:
        path: A file that could not be read as what it is called.
        expected: Suffix of what it is called.

    Returns:
        None if it may be of the kind that it is called.
    """
    kind = kind_of(path)
    if kind in ("", expected):
        return None
    return DataError(
        f"{path} is a {kind} file by its first bytes, not a {expected} one.",
        hint=f"Give it a name that ends in {kind}.",
    )
