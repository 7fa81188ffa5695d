"""Images on disk in the forms that the field's programs read, each whole or not at all."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from regene_bench.base.files import whole_file, whole_folder

_LONGEST_NAME = 200
_A_FOLDER = 1000
_ROWS_A_GROUP = 1000


@dataclass(frozen=True)
class LabelledImages:
    """Images to be written.

    Attributes:
        pixels: uint8 ``[N, H, W, C]``, of one or three channels.
        labels: int64 ``[N]``; None where nobody knows what they show.
        class_names: K names in label order.
    """

    pixels: np.ndarray
    labels: np.ndarray | None
    class_names: Sequence[str]

    def encoded(self) -> Iterator[bytes]:
        """Each image as a PNG."""
        for pixels in self.pixels:
            picture = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
            buffer = io.BytesIO()
            picture.save(buffer, "PNG")
            yield buffer.getvalue()


def write_folder(images: LabelledImages, path: Path) -> None:
    """Write PNG files into a folder a class, or into one folder where there are no labels.

    Folders have the names of the classes; where one of these is no name of a folder
    (``T-shirt/top``), all have their numbers.

    Raises:
        OSError: As the file system has it.
    """
    names = _folder_names(images.class_names)
    counts: dict[str, int] = {}
    with whole_folder(path) as folder:
        for i, content in enumerate(images.encoded()):
            inside = "" if images.labels is None else names[int(images.labels[i])]
            number = counts[inside] = counts.get(inside, -1) + 1
            (folder / inside).mkdir(exist_ok=True)
            (folder / inside / f"{number:06d}.png").write_bytes(content)


def write_npz(images: LabelledImages, path: Path) -> None:
    """Write ADM's form: ``arr_0`` uint8 ``[N, H, W, C]`` and ``arr_1`` int64 ``[N]``, the labels.

    Raises:
        OSError: As the file system has it.
    """
    arrays = [images.pixels] + ([] if images.labels is None else [images.labels])
    with whole_file(path) as file:
        np.savez(file, *arrays)


def write_parquet(images: LabelledImages, path: Path) -> None:
    """Write a data set that the Hugging Face Hub shows: columns ``image`` (PNG) and ``label``.

    Raises:
        OSError: As the file system has it.
    """
    picture = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    fields = [pa.field("image", picture)]
    features: dict[str, object] = {"image": {"_type": "Image"}}
    if images.labels is not None:
        fields.append(pa.field("label", pa.int64()))
        features["label"] = {"names": list(images.class_names), "_type": "ClassLabel"}
    told = {"huggingface": json.dumps({"info": {"features": features}}, ensure_ascii=False)}
    schema = pa.schema(fields, metadata=told)
    content = [{"bytes": png, "path": f"{i:06d}.png"} for i, png in enumerate(images.encoded())]
    columns = [pa.array(content, picture)]
    if images.labels is not None:
        columns.append(pa.array(images.labels, pa.int64()))
    with whole_file(path) as file:
        pq.write_table(
            pa.table(columns, schema=schema),
            file,
            compression="snappy",
            row_group_size=_ROWS_A_GROUP,
        )


def write_zip(images: LabelledImages, path: Path) -> None:
    """Write StyleGAN's form: ``00000/img00000000.png`` and so on, labels in ``dataset.json``.

    Raises:
        OSError: As the file system has it.
    """
    names = [f"{i // _A_FOLDER:05d}/img{i:08d}.png" for i in range(len(images.pixels))]
    labels = None
    if images.labels is not None:
        labels = [[name, int(label)] for name, label in zip(names, images.labels, strict=True)]
    with whole_file(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in zip(names, images.encoded(), strict=True):
            archive.writestr(name, content)
        archive.writestr("dataset.json", json.dumps({"labels": labels}))


FORMS: Mapping[str, Callable[[LabelledImages, Path], None]] = {
    "folder": write_folder,
    "npz": write_npz,
    "parquet": write_parquet,
    "zip": write_zip,
}


def _folder_names(class_names: Sequence[str]) -> Sequence[str]:
    """The classes' names if all can be folders on any file system, else their numbers."""
    fit = all(_is_folder_name(name) for name in class_names)
    told_apart = len({name.casefold() for name in class_names}) == len(class_names)
    return class_names if fit and told_apart else [str(i) for i in range(len(class_names))]


def _is_folder_name(name: str) -> bool:
    return (
        0 < len(name.encode(errors="replace")) <= _LONGEST_NAME
        and name.isprintable()
        and name == name.strip()
        and not name.startswith(".")
        and not name.endswith(".")
        and not set(name) & set('/\\:*?"<>|')
    )
