"""Sample grids of runs, copied beside the pages."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from regene_bench.publish.names import slug

_RUNS = "runs"
_NAME = "samples.png"
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER = 24
# a sample grid has some hundred kilobytes; what is larger is something else
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


def find_picture(results: Path, run_id: str) -> Picture | None:
    """Find the sample grid of a run; a file that is no PNG of sensible size is passed over."""
    if "/" in run_id or "\\" in run_id or run_id.startswith("."):
        return None
    path = results / _RUNS / run_id / _NAME
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return None
        with path.open("rb") as file:
            head = file.read(_HEADER)
    except OSError:
        return None
    if len(head) < _HEADER or not head.startswith(_SIGNATURE):
        return None
    width, height = struct.unpack(">II", head[16:24])
    return Picture(path, width, height)


def copy_picture(folders: Sequence[Path], into: Path, run_id: str) -> None:
    """Copy a run's sample grid to where it lies in another results folder."""
    found = (find_picture(folder, run_id) for folder in folders)
    picture = next((one for one in found if one is not None), None)
    if picture is not None:
        target = into / _RUNS / run_id / _NAME
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(picture.path, target)


def picture_name(run_id: str) -> str:
    """File name of a run's sample grid on the pages."""
    return f"{slug(run_id)}.png"
