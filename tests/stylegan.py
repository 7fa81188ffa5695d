"""Images in the layout of StyleGAN2, StyleGAN3 and EDM, as their published description says.

``00000/img00000000.png`` and so on, a thousand a folder, and ``dataset.json`` beside the folders:
``{"labels": [["00000/img00000000.png", 6], …]}``, or ``{"labels": null}``.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.data.builders import encode


def stylegan_names(n: int, a_folder: int = 1000) -> list[str]:
    return [f"{i // a_folder:05d}/img{i:08d}.png" for i in range(n)]


def write_stylegan(
    place: Path, images: np.ndarray, labels: Sequence[Any] | None, a_folder: int = 1000
) -> Path:
    """Write images and labels to a folder, or a zip if it is called so."""
    names = stylegan_names(len(images), a_folder)
    pairs = None if labels is None else [list(p) for p in zip(names, labels, strict=True)]
    files = {name: encode(image) for name, image in zip(names, images, strict=True)}
    return write_files(place, files | {"dataset.json": json.dumps({"labels": pairs}).encode()})


def write_files(place: Path, files: dict[str, bytes]) -> Path:
    """Write files of these names to a folder, or a zip if it is called so."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.suffix == ".zip":
        with zipfile.ZipFile(place, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return place
    for name, content in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    return place
