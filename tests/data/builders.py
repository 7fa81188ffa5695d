"""Small data sets made on the fly, in every layout that can be read."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from regene_bench.data.shapes import ImageShape
from regene_bench.data.source import ImageSet, SourceRequest

GREY = ImageShape(channels=1, height=6, width=5, n_classes=3)
RGB = ImageShape(channels=3, height=6, width=5, n_classes=3)


def pixels(n: int, channels: int = 1, height: int = 6, width: int = 5, seed: int = 0) -> np.ndarray:
    """Random uint8 [n, channels, height, width]."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (n, channels, height, width), dtype=np.uint8)


def cyclic_labels(n: int, classes: int = 3) -> np.ndarray:
    """Labels 0, 1, 2, 0, … as int64 [n]."""
    return np.arange(n, dtype=np.int64) % classes


def image_set(n: int = 6, classes: int = 3, seed: int = 0) -> ImageSet:
    names = tuple(f"class {i}" for i in range(classes))
    return ImageSet(pixels(n, seed=seed), cyclic_labels(n, classes), names)


def encode(image: np.ndarray, kind: str = "PNG") -> bytes:
    """Encode uint8 [C, H, W]."""
    buffer = io.BytesIO()
    as_picture(image).save(buffer, kind)
    return buffer.getvalue()


def as_picture(image: np.ndarray) -> Image.Image:
    return Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0))


def write_idx(path: Path, array: np.ndarray) -> None:
    header = bytes((0, 0, 8, array.ndim)) + np.array(array.shape, dtype=">u4").tobytes()
    content = header + array.astype(np.uint8).tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def write_idx_set(
    folder: Path, train: ImageSet, test: ImageSet, *, suffix: str = ".gz", dash: str = "-"
) -> None:
    for prefix, data in (("train", train), ("t10k", test)):
        write_idx(folder / f"{prefix}-images{dash}idx3-ubyte{suffix}", data.images[:, 0])
        write_idx(folder / f"{prefix}-labels{dash}idx1-ubyte{suffix}", data.labels)


def write_parquet(
    path: Path,
    images: Sequence[bytes | None],
    labels: Sequence[Any] | np.ndarray | None,
    *,
    image_column: str = "image",
    label_column: str = "label",
    nested: bool = True,
    class_names: Sequence[str] | None = None,
    row_group_size: int = 4,
) -> None:
    cells: list[Any] = [{"bytes": b, "path": None} for b in images] if nested else list(images)
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())]) if nested else pa.binary()
    columns = {image_column: pa.array(cells, kind)}
    if labels is not None:
        columns[label_column] = pa.array(labels)
    table = pa.table(columns)
    if class_names is not None:
        features = {label_column: {"_type": "ClassLabel", "names": list(class_names)}}
        metadata = {"huggingface": json.dumps({"info": {"features": features}})}
        table = table.replace_schema_metadata(metadata)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, row_group_size=row_group_size)


def write_class_folders(folder: Path, data: ImageSet) -> None:
    for i, (image, label) in enumerate(zip(data.images, data.labels, strict=True)):
        place = folder / data.class_names[label]
        place.mkdir(parents=True, exist_ok=True)
        as_picture(image).save(place / f"{i:03}.png")


def request(
    name: str,
    shape: ImageShape,
    *roots: Path,
    options: Mapping[str, Any] | None = None,
    download_dir: Path | None = None,
) -> SourceRequest:
    return SourceRequest(
        name, shape, roots, download_dir or Path("/nonexistent/downloads"), options or {}
    )


def same_images(a: ImageSet, b: ImageSet) -> bool:
    """Whether two splits hold the same labelled images, in any order."""

    def bag(data: ImageSet) -> list[tuple[str, bytes]]:
        names = (data.class_names[label] for label in data.labels)
        return sorted((n, i.tobytes()) for n, i in zip(names, data.images, strict=True))

    return bag(a) == bag(b)
