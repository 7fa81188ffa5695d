"""Statistics that clean-fid's authors publish, by name, fetched by clean-fid's own function."""

from __future__ import annotations

import contextlib
import re
import socket
import sys
import urllib.error
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from regene_bench.base.environment import OFFLINE_VARIABLE, is_offline
from regene_bench.base.errors import UnavailableError, UsageError
from regene_bench.evaluation.reference_statistics import ReferenceStatistics

PREFIX = "clean-fid:"
EXTRACTOR = "inception"
"""The extractor whose features they are of: the same network under the same preprocessing."""
_NAME = re.compile(r"([A-Za-z0-9_-]+)/([A-Za-z0-9_-]+)(?:/([0-9]+))?")
_FORM = "Write clean-fid:NAME/SPLIT or clean-fid:NAME/SPLIT/SIDE, such as clean-fid:cifar10/train."
_PUBLISHED = "https://www.cs.cmu.edu/~clean-fid/stats/"
_CUSTOM = "custom"
# Of each step of the transfer; clean-fid itself would wait for ever.
_TIMEOUT = 20.0


# Data sets that are published at one side only; of ffhq there are two.
_SIDES = {
    "cifar10": 32,
    **dict.fromkeys(("lsun_church", "lsun_horse", "lsun_cat", "horse2zebra", "cat2dog"), 256),
    **dict.fromkeys(("afhq_cat", "afhq_dog", "afhq_wild", "brecahad"), 512),
    "metfaces": 1024,
}


def is_clean_fid(source: str) -> bool:
    """Tell whether a name means statistics that clean-fid publishes."""
    return source.startswith(PREFIX)


def check_clean_fid(source: str, extractor: str) -> None:
    """Refuse a name that cannot be one, or an extractor that they are not of.

    Raises:
        UsageError: Either.
    """
    _parsed(source)
    if extractor != EXTRACTOR:
        raise UsageError(
            f"clean-fid's statistics are of the extractor {EXTRACTOR!r}, not of {extractor!r}.",
            hint=f"Score with --extractor {EXTRACTOR}.",
        )


def has_side(source: str) -> bool:
    """Tell whether a name says of which side its images are, or needs not to."""
    name, split, side = _parsed(source)
    return bool(side or split == _CUSTOM or _SIDES.get(name.lower()))


def clean_fid_statistics(source: str, side: int = 0) -> ReferenceStatistics:
    """Find published statistics (mode ``clean``), fetching them if need be.

    clean-fid keeps what it has fetched in its own folder. What came only in part is removed, since
    clean-fid would take it for the whole file ever after.

    Args:
        source: ``clean-fid:NAME/SPLIT`` or ``clean-fid:NAME/SPLIT/SIDE``.
        side: Side of the data set's images in pixels, for a name without (``has_side``).

    Raises:
        UsageError: No such name.
        UnavailableError: They are not here and cannot be fetched; says how to get them.
        DataError: What is there is no mean and covariance.
    """
    name, split, resolution = _parsed(source)
    resolution = resolution or _SIDES.get(name.lower(), side)
    # statistics that users have made by clean-fid lie beside published ones, under no side
    file = f"{name}_clean_{split}_{'na' if split == _CUSTOM else resolution}.npz".lower()
    try:
        import cleanfid
        from cleanfid.features import get_reference_statistics
    except ImportError as error:
        raise UnavailableError(
            f"clean-fid cannot be imported ({error}).", hint="Install it: pip install clean-fid"
        ) from None
    path = Path(cleanfid.__file__).parent / "stats" / file
    was_there = path.exists()
    if not was_there and is_offline():
        raise _unavailable(file, f"{OFFLINE_VARIABLE} turns the network off")
    try:
        # standard output is the report's
        with _impatient(), contextlib.redirect_stdout(sys.stderr):
            mu, sigma = get_reference_statistics(name, resolution, mode="clean", split=split)
    except BaseException as error:
        if not was_there:
            path.unlink(missing_ok=True)
        if isinstance(error, urllib.error.HTTPError) and error.code == 404:
            raise UsageError(
                f"clean-fid has no statistics of {name}, split {split}, of {resolution}×"
                f"{resolution} images.",
                hint=f"{_FORM} Its read-me lists the data sets, splits and sides.",
            ) from None
        if isinstance(error, zipfile.BadZipFile | zlib.error | ValueError | KeyError | EOFError):
            kept = f"Remove {path}, and call again." if was_there else "Call again."
            raise UnavailableError(f"clean-fid's file {file} is damaged.", hint=kept) from None
        if isinstance(error, OSError):
            raise _unavailable(file, str(getattr(error, "reason", error) or error)) from None
        raise
    called = f"{PREFIX}{name}/{split}" + ("" if split == _CUSTOM else f"/{resolution}")
    return ReferenceStatistics.checked(mu, sigma, called)


def _parsed(source: str) -> tuple[str, str, int | None]:
    match = _NAME.fullmatch(source.removeprefix(PREFIX))
    if match is None:
        raise UsageError(f"{source!r} names no statistics of clean-fid.", hint=_FORM)
    return match[1], match[2], int(match[3]) if match[3] else None


def _unavailable(file: str, reason: str) -> UnavailableError:
    return UnavailableError(
        f"clean-fid's statistics {file} are not on this machine and cannot be fetched ({reason}).",
        hint=f"Download {_PUBLISHED}{file} elsewhere, and give --against-stats the path of the "
        "file.",
    )


@contextlib.contextmanager
def _impatient() -> Iterator[None]:
    """Let no connection of this block wait for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_TIMEOUT)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
