"""Pictures of runs, copied beside the pages."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from regene_bench.base.files import stays_inside, write_atomically
from regene_bench.base.text import slug

SAMPLES = "samples.png"
RECONSTRUCTIONS = "reconstructions.png"

_RUNS = "runs"
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER = 24
# a grid has some hundred kilobytes; what is larger is something else
_LARGEST = 20_000_000


@dataclass(frozen=True)
class Picture:
    """A PNG file.

    Attributes:
        path: Where it lies.
        width, height: Its size in pixels, so that pages need not jump while they load.
    """

    path: Path
    width: int
    height: int


def find_picture(results: Path, run_id: str, name: str = SAMPLES) -> Picture | None:
    """Find a picture of a run.

    A file that is no PNG of sensible size is passed over, and so is one that lies elsewhere.
    """
    if "/" in run_id or "\\" in run_id or run_id.startswith("."):
        return None
    path = results / _RUNS / run_id / name
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST or not stays_inside(path, results):
            return None
        with path.open("rb") as file:
            head = file.read(_HEADER)
    except OSError:
        return None
    if len(head) < _HEADER or not head.startswith(_SIGNATURE):
        return None
    width, height = struct.unpack(">II", head[16:24])
    return Picture(path, width, height)


def first_picture(folders: Sequence[Path], run_id: str, name: str) -> Picture | None:
    """Find a picture of a run in the first of some results folders that has it."""
    found = (find_picture(folder, run_id, name) for folder in folders)
    return next((one for one in found if one is not None), None)


def copy_pictures(folders: Sequence[Path], into: Path, run_id: str) -> None:
    """Copy a run's pictures to where they lie in another results folder."""
    for name in (SAMPLES, RECONSTRUCTIONS):
        picture = first_picture(folders, run_id, name)
        if picture is not None:
            target = into / _RUNS / run_id / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(picture.path, target)


def copy_traceback(folders: Sequence[Path], into: Path, run_id: str, relative: str) -> str | None:
    """Copy the traceback of a run that failed to where it lies in another results folder.

    Args:
        folders: Results folders; the first one that has it counts.
        into: Another.
        run_id: The run's, which can be the name of a folder.
        relative: Where its row says that it lies.

    Returns:
        Where it lies now, relative to ``into``; ``None`` if there is none.
    """
    for folder in folders:
        path = folder / relative
        if path.is_file() and stays_inside(path, folder) and path.stat().st_size <= _LARGEST:
            target = into / _RUNS / run_id / "traceback.txt"
            target.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(target, path.read_bytes())
            return target.relative_to(into).as_posix()
    return None


def picture_name(run_id: str) -> str:
    """File name of a run's pictures on the pages."""
    return f"{slug(run_id)}.png"
