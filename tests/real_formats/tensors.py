"""Shards, tensors and arrays, as generators hand over their samples."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchvision
import webdataset  # type: ignore[import-untyped]
from safetensors.torch import save_file

from regene_bench.data.source import ImageSet
from tests.data.builders import as_picture, write_class_folders
from tests.real_formats.format import Content, Format, content

_NAMES = ["cat", "dog", "owl"]


def _channels_last(images: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(images.transpose(0, 2, 3, 1))


def _shards(kind: str) -> Any:
    def label(data: ImageSet, i: int) -> Any:
        number = int(data.labels[i])
        return {"cls": number, "json": {"label": number}, "txt": data.class_names[number]}[kind]

    def write(folder: Path, made: Content) -> None:
        (folder / "shards").mkdir()
        pattern = str(folder / "shards" / "samples-%06d.tar")
        with webdataset.ShardWriter(pattern, maxcount=5, verbose=0) as writer:
            for i, image in enumerate(made.test.images):
                picture = as_picture(image)
                key = f"sample.{i:04}"  # with a dot, as some programs number their images
                writer.write({"__key__": key, "png": picture, kind: label(made.test, i)})

    return write


def _shards_of_splits(folder: Path, made: Content) -> None:
    for split, data in (("train", made.train), ("test", made.test)):
        (folder / "shards" / split).mkdir(parents=True)
        pattern = str(folder / "shards" / split / "%06d.tar")
        with webdataset.ShardWriter(pattern, maxcount=5, verbose=0) as writer:
            for i, image in enumerate(data.images):
                label = int(data.labels[i])
                writer.write({"__key__": f"{i:04}", "png": as_picture(image), "cls": label})


def _tar(mode: str, name: str) -> Any:
    def write(folder: Path, made: Content) -> None:
        write_class_folders(folder / "made", made.test)
        with tarfile.open(folder / name, mode) as archive:
            archive.add(folder / "made", "samples")

    return write


def _npy(folder: Path, made: Content) -> None:
    np.save(folder / "samples.npy", made.test.images)
    np.save(folder / "labels.npy", made.test.labels)


def _adm(folder: Path, made: Content) -> None:
    # as image_sample.py of ADM (guided-diffusion) saves: arr_0 [N, H, W, 3] and arr_1
    np.savez(folder / "samples_12x12.npz", _channels_last(made.test.images), made.test.labels)


def _save_image(folder: Path, made: Content) -> None:
    for i, (image, label) in enumerate(zip(made.test.images, made.test.labels, strict=True)):
        place = folder / "samples" / made.test.class_names[label]
        place.mkdir(parents=True, exist_ok=True)
        torchvision.utils.save_image(torch.from_numpy(image) / 255, place / f"{i:05}.png")


def _flat(folder: Path, made: Content) -> None:
    (folder / "samples").mkdir()
    for i, image in enumerate(made.test.images):
        as_picture(image).save(folder / "samples" / f"{i:06}.png")
    lines = (f"{i:06}.png,{label}\n" for i, label in enumerate(made.test.labels))
    (folder / "samples" / "labels.csv").write_text("".join(lines))


def _tiff(folder: Path, made: Content) -> None:
    for label, name in enumerate(made.test.class_names):
        first, *rest = [as_picture(image) for image in made.test.images[made.test.labels == label]]
        (folder / "samples" / name).mkdir(parents=True)
        place = folder / "samples" / name / "stack.tif"
        first.save(place, save_all=True, append_images=rest)


def _pt(folder: Path, made: Content) -> None:
    images, labels = torch.from_numpy(made.test.images), torch.from_numpy(made.test.labels)
    torch.save((images / 255, labels), folder / "samples.pt")


def _pt_dict(folder: Path, made: Content) -> None:
    images, labels = torch.from_numpy(made.test.images), torch.from_numpy(made.test.labels)
    torch.save({"samples": images, "y": labels}, folder / "samples.pth")


def _safetensors(folder: Path, made: Content) -> None:
    images, labels = torch.from_numpy(made.test.images), torch.from_numpy(made.test.labels)
    save_file({"images": images, "labels": labels}, folder / "samples.safetensors")


_COLOUR = content(3, 12, 12, _NAMES)
_GREY = content(1, 12, 10, _NAMES)

FORMATS: tuple[Format, ...] = (
    *(
        Format(
            name=f"WebDataset shards with `.{kind}`",
            libraries=("webdataset",),
            content=_COLOUR,
            write=_shards(kind),
            recognised="`.tar` files in a folder, or one `.tar`",
            read=read,
            refused="several images of a key; samples without a label among others with one",
            samples="shards",
        )
        for kind, read in (
            ("cls", "the label of each key; keys with dots; packed tars"),
            ("json", "a field called `label`, `labels`, `target`, `cls` or the like, or as said"),
            (
                "txt",
                "class names, or integers that classes are called by; captions are none, as noted",
            ),
        )
    ),
    Format(
        name="WebDataset shards in folders of splits",
        libraries=("webdataset",),
        content=_COLOUR,
        write=_shards_of_splits,
        recognised="folders called by splits (`train`, `val`) with `.tar` files in them",
        read="the split that `--split` names",
        refused="all splits together; tars of other names in one folder (`fake.tar`, `real.tar`)",
        samples="shards",
        said={"split": "test"},
    ),
    *(
        Format(
            name=f"a tar of class folders (`{name}`)",
            libraries=(),
            content=_COLOUR,
            write=_tar(mode, name),
            recognised="its suffix, and its first bytes for how it is packed",
            read="as a zip: class folders, wherever they lie; gzip, bzip2, xz",
            refused="joined or torn tars, Zstandard, `dataset.json`",
            samples=name,
        )
        for mode, name in (("w", "samples.tar"), ("w:gz", "samples.tar.gz"))
    ),
    Format(
        name="`.npy`",
        libraries=(),
        content=_GREY,
        write=_npy,
        recognised="its suffix",
        read="uint8, or floats in [0, 1]; channels first, last or none; labels by `--labels`",
        refused="other ranges and types, with what would mend them; pickles",
        samples="samples.npy",
        label_file="labels.npy",
    ),
    Format(
        name="ADM's `.npz` (`arr_0`, `arr_1`)",
        libraries=(),
        content=_COLOUR,
        write=_adm,
        recognised="its suffix and the names of its arrays",
        read="`arr_0` as images, `arr_1` as labels; the same as `images` and `labels`",
        refused="several arrays of images that could be meant; pickles",
        samples="samples_12x12.npz",
    ),
    Format(
        name="`torchvision.utils.save_image`",
        libraries=("torchvision",),
        content=_GREY,
        write=_save_image,
        recognised="class folders of PNG",
        read="grey images that were saved in colour, as grey ones",
        refused="grids of images, by their size",
        samples="samples",
    ),
    Format(
        name="a flat folder (torch-fidelity, clean-fid, pytorch-fid)",
        libraries=("pillow",),
        content=_COLOUR,
        write=_flat,
        recognised="images beside each other",
        read="unlabelled, or labels by file name in a `.csv`",
        refused="images of several sizes without `--resize`",
        samples="samples",
        label_file="samples/labels.csv",
    ),
    Format(
        name="TIFF stacks",
        libraries=("pillow",),
        content=_GREY,
        write=_tiff,
        recognised="`.tif` or `.tiff` with several pages",
        read="every page is an image; previews and masks are not",
        refused="32-bit pixels",
        samples="samples",
    ),
    Format(
        name="`.pt` of a pair",
        libraries=("torch",),
        content=_COLOUR,
        write=_pt,
        recognised="its suffix",
        read="a tensor, or `(images, labels)`, with `weights_only`",
        refused="other objects; a model's weights",
        samples="samples.pt",
    ),
    Format(
        name="`.pth` of named tensors",
        libraries=("torch",),
        content=_COLOUR,
        write=_pt_dict,
        recognised="its suffix",
        read="one of `images`, `samples`, `x`, `arr_0`, `fake`, `generated`; labels by usual names",
        refused="other objects; a model's weights",
        samples="samples.pth",
    ),
    Format(
        name="`.safetensors`",
        libraries=("safetensors",),
        content=_COLOUR,
        write=_safetensors,
        recognised="its suffix",
        read="names as in a `.pth`; bfloat16",
        refused="several tensors of images that could be meant; a model's weights",
        samples="samples.safetensors",
    ),
)
