"""Small valid files of every kind that is read, and what damage does to them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from regene_bench.base.errors import RegeneBenchError
from regene_bench.data.shapes import ImageShape
from regene_bench.samples.read import read_samples
from tests.data.builders import as_picture, encode, pixels

SHAPE = ImageShape(3, 6, 5, 3)
NAMES = ("cat", "dog", "owl")
_IMAGES = pixels(4, 3)
_LABELS = np.array([0, 1, 2, 0])

Files = Mapping[str, bytes]
"""Contents by path below a folder."""


@dataclass(frozen=True)
class Kind:
    """Valid files, one of which is damaged.

    Attributes:
        files: What lies below the folder.
        damaged: Which of them is damaged.
        given: What a user gives: a path below the folder, empty for the folder itself.
        said: What a user says besides (arguments of ``read_samples``).
    """

    files: Files
    damaged: str
    given: str = ""
    said: Mapping[str, Any] | None = None


def _picture(kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    as_picture(_IMAGES[0]).save(buffer, kind, **options)
    return buffer.getvalue()


def _stack() -> bytes:
    buffer = io.BytesIO()
    pages = [as_picture(image) for image in _IMAGES]
    pages[0].save(buffer, "TIFF", save_all=True, append_images=pages[1:])
    return buffer.getvalue()


def _saved(save: Callable[..., None], *args: Any, **arrays: Any) -> bytes:
    buffer = io.BytesIO()
    save(buffer, *args, **arrays)
    return buffer.getvalue()


def _zip(files: Files) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _parquet(labels: Any) -> bytes:
    cells = [{"bytes": encode(image), "path": None} for image in _IMAGES]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    features = {"label": {"_type": "ClassLabel", "names": list(NAMES)}}
    table = pa.table({"image": pa.array(cells, kind), "label": labels})
    metadata = json.dumps({"info": {"features": features}})
    return _saved(
        lambda file: pq.write_table(table.replace_schema_metadata({"huggingface": metadata}), file)
    )


_FLAT = {f"{i}.png": encode(image) for i, image in enumerate(_IMAGES)}
_FOLDERS = {
    f"{NAMES[label]}/{i}.png": encode(image)
    for i, (image, label) in enumerate(zip(_IMAGES, _LABELS, strict=True))
}
_JSON = json.dumps({"labels": [[f"{i}.png", int(k)] for i, k in enumerate(_LABELS)]}).encode()
_CSV = "".join(f"{i}.png,{NAMES[k]}\n" for i, k in enumerate(_LABELS)).encode()
_HWC = _IMAGES.transpose(0, 2, 3, 1)
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "JPEG2000")

KINDS: dict[str, Kind] = {
    **{
        name: Kind(_FLAT | {f"7.{name.lower()}": _picture(name)}, f"7.{name.lower()}")
        for name in _FORMATS
        if name != "JPEG2000"
    },
    "JPEG2000": Kind(_FLAT | {"7.jp2": _picture("JPEG2000")}, "7.jp2"),
    "bad left out": Kind(_FLAT | {"7.png": encode(_IMAGES[0])}, "7.png", "", {"skip_bad": True}),
    "TIFF stack": Kind({"7.tif": _stack()}, "7.tif"),
    "zip": Kind({"x.zip": _zip(_FOLDERS)}, "x.zip", "x.zip"),
    "zip, bad left out": Kind({"x.zip": _zip(_FOLDERS)}, "x.zip", "x.zip", {"skip_bad": True}),
    "zip with dataset.json": Kind(
        {"x.zip": _zip(_FLAT | {"dataset.json": _JSON})}, "x.zip", "x.zip"
    ),
    "dataset.json": Kind(_FLAT | {"dataset.json": _JSON}, "dataset.json"),
    "npy": Kind({"x.npy": _saved(np.save, _HWC)}, "x.npy", "x.npy"),
    "npz": Kind({"x.npz": _saved(np.savez, _HWC, _LABELS)}, "x.npz", "x.npz"),
    "npz, packed": Kind(
        {"x.npz": _saved(np.savez_compressed, images=_HWC, labels=_LABELS)}, "x.npz", "x.npz"
    ),
    "Parquet": Kind({"x.parquet": _parquet(_LABELS)}, "x.parquet", "x.parquet"),
    "Parquet, names": Kind(
        {"x.parquet": _parquet([NAMES[k] for k in _LABELS])}, "x.parquet", "x.parquet"
    ),
    "labels in .csv": Kind(_FLAT | {"l.csv": _CSV}, "l.csv", "", {"labels": "l.csv"}),
    "labels in .txt": Kind(
        _FLAT | {"l.txt": b"cat\ndog\nowl\ncat\n"}, "l.txt", "", {"labels": "l.txt"}
    ),
    "labels in .npy": Kind(
        _FLAT | {"l.npy": _saved(np.save, _LABELS)}, "l.npy", "", {"labels": "l.npy"}
    ),
}
"""What is scored."""


@st.composite
def damage(draw: st.DrawFn, content: bytes) -> bytes:
    """Change some bytes of a file, cut it, or put bytes in."""
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(0, len(content) - 1)))
        kind = draw(st.sampled_from(("set", "set", "flip", "insert", "delete", "cut", "repeat")))
        some = draw(st.binary(min_size=1, max_size=8))
        length = draw(st.integers(1, 64))
        if kind == "set":
            content = content[:place] + some + content[place + len(some) :]
        elif kind == "flip" and content:
            flipped = bytes([content[place] ^ (1 << length % 8)])
            content = content[:place] + flipped + content[place + 1 :]
        elif kind == "insert":
            content = content[:place] + some + content[place:]
        elif kind == "delete":
            content = content[:place] + content[place + length :]
        elif kind == "cut":
            content = content[:place]
        else:
            content = content[:place] + content[place : place + length] + content[place:]
    return content


def attempt(kind: Kind, content: bytes, folder: Path) -> bool:
    """Read the files, one of them with this content.

    Returns:
        True if they were read, as images of the shape with labels of the classes; False if they
        were refused with a message. Anything else is raised.
    """
    for name, whole in kind.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if name == kind.damaged else whole)
    said = dict(kind.said or {})
    if "labels" in said:
        said["labels"] = str(folder / said["labels"])
    try:
        found = read_samples(folder / kind.given, SHAPE, NAMES, **said)
    except RegeneBenchError:
        return False
    assert (found.images.dtype, found.images.shape[1:]) == (np.uint8, (3, 6, 5))
    if found.labels is not None:
        assert found.labels.shape == (len(found.images),)
        assert set(found.labels.tolist()) <= set(range(len(NAMES)))
    return True
