"""What Hugging Face's libraries and its Hub leave on a disk."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from regene_bench.data.source import ImageSet
from tests.data.builders import as_picture
from tests.real_formats.format import SET_NAME, Content, Format, content

_COLOUR = content(3, 9, 7, ["owl", "cat", "dog"])
_GREY = content(1, 8, 8, ["zero", "one", "two", "three"])


def as_dataset(data: ImageSet, kind: str) -> Any:
    """A ``datasets.Dataset`` whose images are files (``Image``) or arrays (``Array2D``, …)."""
    import datasets

    datasets.disable_progress_bars()
    images: list[Any] = list(data.images.transpose(0, 2, 3, 1))
    if kind == "Image":
        feature, images = datasets.Image(), [as_picture(image) for image in data.images]
    elif kind == "Array3D":
        feature = datasets.Array3D(shape=images[0].shape, dtype="uint8")
    elif kind == "Array2D":
        images = [image[:, :, 0] for image in images]
        feature = datasets.Array2D(shape=images[0].shape, dtype="uint8")
    else:
        feature = [[[datasets.Value("uint8")]]]
    names = list(data.class_names)
    features = datasets.Features(image=feature, label=datasets.ClassLabel(names=names))
    columns = {"image": images, "label": data.labels.tolist()}
    return datasets.Dataset.from_dict(columns, features=features)


def save_to_disk(kind: str) -> Callable[[Path, Content], None]:
    def write(folder: Path, made: Content) -> None:
        import datasets

        both = {"train": as_dataset(made.train, kind), "test": as_dataset(made.test, kind)}
        shards = {"train": 2, "test": 1}
        datasets.DatasetDict(both).save_to_disk(folder / SET_NAME, num_shards=shards)

    return write


def to_parquet(kind: str) -> Callable[[Path, Content], None]:
    def write(folder: Path, made: Content) -> None:
        place = folder / SET_NAME / "data"
        place.mkdir(parents=True)
        for split, data in (("train", made.train), ("test", made.test)):
            whole = as_dataset(data, kind)
            for i in range(2):
                path = place / f"{split}-0000{i}-of-00002.parquet"
                whole.shard(2, i, contiguous=True).to_parquet(path)

    return write


def converted(folder: Path, made: Content) -> None:
    for split, data in (("train", made.train), ("test", made.test)):
        place = folder / SET_NAME / "default" / split
        place.mkdir(parents=True)
        whole = as_dataset(data, "Image")
        for i in range(2):
            whole.shard(2, i, contiguous=True).to_parquet(place / f"000{i}.parquet")


def image_folder(suffix: str) -> Callable[[Path, Content], None]:
    def write(folder: Path, made: Content) -> None:
        for split, data in (("train", made.train), ("test", made.test)):
            place = folder / SET_NAME / split
            place.mkdir(parents=True)
            rows = []
            for i, (image, label) in enumerate(zip(data.images, data.labels, strict=True)):
                as_picture(image).save(place / f"{i:04}.png")
                rows.append({"file_name": f"{i:04}.png", "label": data.class_names[label]})
            if suffix == "csv":
                lines = [",".join(row.values()) for row in rows]
                text = "\n".join(["file_name,label", *lines])
            else:
                text = "\n".join(map(json.dumps, rows))
            (place / f"metadata.{suffix}").write_text(text)

    return write


def _image_folder(suffix: str) -> Format:
    return Format(
        name=f"Hugging Face's `ImageFolder` with `metadata.{suffix}`",
        libraries=("pillow",),
        content=content(3, 9, 7, ["cat", "dog", "owl"]),
        write=image_folder(suffix),
        recognised=f"`metadata.{suffix}` with `file_name` and a column of labels",
        read="names or integers; per split, or in one folder of which a part is held out",
        refused="images without a label; one file for the folders of several splits",
        source="folder",
        samples=SET_NAME,
        said={"split": "test"},
    )


def _saved(kind: str, made: Content) -> Format:
    return Format(
        name=f"`datasets.save_to_disk` (`{kind}`)",
        libraries=("datasets", "pyarrow"),
        content=made,
        write=save_to_disk(kind),
        recognised="`dataset_dict.json`, or `state.json`, beside Arrow files",
        read="one data set or several splits, of which `--split` names one; class names",
        refused="a file that the lists name and that is not there",
        source="parquet",
        samples=SET_NAME,
        said={"split": "test"},
    )


def _parquet(kind: str, made: Content) -> Format:
    return Format(
        name=f"Parquet (`{kind}`)",
        libraries=("datasets", "pyarrow"),
        content=made,
        write=to_parquet(kind),
        recognised="`train-00000-of-00001.parquet`, `train.parquet`, also in `data`",
        read="images as files, or arrays of uint8; integers with a list of classes, or names",
        refused="an incomplete set; a split of which all labels are -1 is passed over",
        source="parquet",
        samples=f"{SET_NAME}/data",
        said={"split": "test"},
    )


FORMATS = (
    _parquet("Image", _COLOUR),
    _parquet("Array3D", _COLOUR),
    _parquet("Array2D", _GREY),
    _parquet("nested lists", _COLOUR),
    Format(
        name="the Hub's converted Parquet (`refs/convert/parquet`)",
        libraries=("datasets", "pyarrow"),
        content=_COLOUR,
        write=converted,
        recognised="`train/0000.parquet`, also in the folder of a configuration (`default`)",
        read="as Parquet; `config` in `[data.options]` names one of several configurations",
        refused="a number that is missing; `partial-train`, unless it is named",
        source="parquet",
        samples=SET_NAME,
        said={"split": "test"},
    ),
    _saved("Image", _COLOUR),
    _saved("Array3D", _COLOUR),
    _saved("Array2D", _GREY),
    _image_folder("csv"),
    _image_folder("jsonl"),
)
