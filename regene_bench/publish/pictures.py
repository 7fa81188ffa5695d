"""Pictures of runs, copied beside the pages."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from regene_bench.base.files import stays_inside, write_atomically
from regene_bench.base.text import slug

SAMPLES = "samples.png"
RECONSTRUCTIONS = "reconstructions.png"

_RUNS = "runs"
_COLUMNS = 10
_SMALLEST = 8
# twice the size at which pages show it, for screens of fine pixels
_STRIP = 56
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


def write_strip(picture: Picture, path: Path, most: int = 8) -> None:
    """Write a strip of a few samples of a grid: the first of each class, side by side.

    Grids are laid out by ``harness.pictures.sample_grid``, ten samples of a class a row. A picture
    that is no such grid is made small as a whole; one that cannot be read leaves a blank strip.

    Args:
        picture: The grid.
        path: The strip, a WebP file ``_STRIP`` pixels high.
        most: Of how many classes.
    """
    try:
        with Image.open(picture.path) as opened:
            grid = opened.convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError):
        grid = Image.new("RGB", (_STRIP, _STRIP), "white")
    side = grid.width // _COLUMNS
    rows = grid.height // side if side else 0
    if side < _SMALLEST or abs(rows * side - grid.height) >= side:
        grid.thumbnail((most * _STRIP, _STRIP))
        grid.save(path, "WEBP", quality=85)
        return
    chosen = [round(i * (rows - 1) / max(min(rows, most) - 1, 1)) for i in range(min(rows, most))]
    strip = Image.new("RGB", (len(chosen) * side, side), "white")
    for place, row in enumerate(chosen):
        box = (0, row * side, side, (row + 1) * side)
        strip.paste(grid.crop(box), (place * side, 0))
    strip = strip.resize((len(chosen) * _STRIP, _STRIP), Image.Resampling.LANCZOS)
    strip.save(path, "WEBP", quality=85)
