"""Small valid data sets, in every layout that is recognised by its files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from regene_bench.base.errors import RegeneBenchError
from regene_bench.data.layouts import LayoutOptions, detect_layout
from regene_bench.data.shapes import ImageShape
from tests.data.builders import GREY, RGB, image_set, write_class_folders
from tests.data.layout_builders import parquet_set, split_folders, torchvision_set
from tests.stylegan import write_stylegan

TRAIN, TEST = image_set(12), image_set(6, seed=1)


def _made(write: Callable[[Path], object]) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def _stylegan(folder: Path) -> None:
    for split, data in (("train", TRAIN), ("test", TEST)):
        write_stylegan(folder / split, data.images, [int(label) for label in data.labels])


DATA_SETS: dict[str, tuple[ImageShape, dict[str, bytes]]] = {
    "idx": (GREY, _made(torchvision_set)),
    "Parquet": (RGB, _made(parquet_set)),
    "split folders": (GREY, _made(split_folders)),
    "class folders": (GREY, _made(lambda folder: write_class_folders(folder, TRAIN))),
    "StyleGAN": (GREY, _made(_stylegan)),
}
"""Shape and files of each layout."""


def attempt(shape: ImageShape, files: dict[str, bytes], folder: Path) -> bool:
    """Read both splits; True if they were read, False if refused or not recognised."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    try:
        layout = detect_layout(folder, LayoutOptions(torchvision_name="MNIST"))
        if layout is None:
            return False
        for split in ("train", "test"):
            layout.read(split, shape, None)
            layout.frames_left_out(split)
    except RegeneBenchError:
        return False
    return True
