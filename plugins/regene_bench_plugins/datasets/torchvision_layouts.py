"""What torchvision leaves on a disk of each data set, read by torchvision's own classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator, model_validator

from regene_bench.api import DataError, ImageSet, ImageShape, Split
from regene_bench.data.readers import (
    DecodeOptions,
    ProgressFn,
    decode_records,
    fit_images,
)
from regene_bench_plugins.datasets.celeba import celeba_files, celeba_records
from regene_bench_plugins.datasets.located import ClassNameOptions
from regene_bench_plugins.datasets.torchvision_arrays import ARRAYS, coarse_labels

DatasetName = Literal["KMNIST", "EMNIST", "QMNIST", "CIFAR100", "SVHN", "STL10", "CelebA"]
_OTHER_SOURCES: Final = {"MNIST": "mnist", "FashionMNIST": "fashion-mnist", "CIFAR10": "cifar10"}
EmnistSplit = Literal["balanced", "byclass", "bymerge", "digits", "letters", "mnist"]


class TorchvisionOptions(ClassNameOptions):
    """The ``[data.options]`` table of the source ``torchvision``.

    Attributes:
        dataset: Name of torchvision's class.
        path: Folder that torchvision was given as ``root``, below a data folder or absolute; by
            default ``torchvision`` below a data folder, or a data folder itself.
        split: For EMNIST: which of its six data sets.
        coarse: For CIFAR-100: the 20 coarse classes in place of the 100 fine ones.
        attribute: For CelebA: which attribute tells its two classes apart.
        center_crop: Side in pixels of the central square to cut out before resizing.
    """

    dataset: DatasetName
    path: str | None = Field(default=None, min_length=1)
    split: EmnistSplit | None = None
    coarse: bool = False
    attribute: str | None = Field(default=None, min_length=1)
    center_crop: int | None = Field(default=None, ge=1)

    @field_validator("dataset", mode="before")
    @classmethod
    def _no_other_source(cls, value: object) -> object:
        if (other := _OTHER_SOURCES.get(str(value))) is not None:
            raise ValueError(f'it has a source of its own: source = "{other}" in [data]')
        return value

    @field_validator("split", mode="before")
    @classmethod
    def _only_of_emnist(cls, value: object, info: ValidationInfo) -> object:
        dataset = info.data.get("dataset")
        if value is not None and dataset not in (None, "EMNIST"):
            raise ValueError(
                f"split is for EMNIST alone; of {dataset} the training and the test images are "
                "read: leave it out"
            )
        return value

    @model_validator(mode="after")
    def _of_its_own(self) -> TorchvisionOptions:
        if (self.split is None) == (self.dataset == "EMNIST"):
            raise ValueError(
                'split is for EMNIST, which needs it: "balanced", "byclass", "bymerge", "digits", '
                '"letters" or "mnist"'
            )
        if (self.attribute is None) == (self.dataset == "CelebA"):
            raise ValueError('attribute is for CelebA, which needs it, such as "Smiling"')
        if self.coarse and self.dataset != "CIFAR100":
            raise ValueError("coarse is for CIFAR100")
        return self


@dataclass(frozen=True)
class Place:
    """Where torchvision keeps a data set below its ``root``.

    Attributes:
        marker: What is there, and nowhere else.
        files: All files that are read, or that decide what is read.
        by_split: Whether torchvision's class takes ``split="train"``, not ``train=True``.
        left_out: What the data set has beside the two splits.
    """

    marker: str
    files: Callable[[Path], tuple[Path, ...]]
    by_split: bool = False
    left_out: str = ""


def _below(folder: str) -> Callable[[Path], tuple[Path, ...]]:
    return lambda root: tuple(sorted(p for p in (root / folder).rglob("*") if p.is_file()))


def _mat_files(root: Path) -> tuple[Path, ...]:
    return tuple(p for p in (root / "train_32x32.mat", root / "test_32x32.mat") if p.is_file())


PLACES: Final[Mapping[DatasetName, Place]] = {
    "KMNIST": Place("KMNIST", _below("KMNIST")),
    "EMNIST": Place("EMNIST", _below("EMNIST")),
    "QMNIST": Place("QMNIST", _below("QMNIST")),
    "CIFAR100": Place("cifar-100-python", _below("cifar-100-python")),
    "SVHN": Place("train_32x32.mat", _mat_files, by_split=True),
    "STL10": Place(
        "stl10_binary", _below("stl10_binary"), True, "the unlabelled images of STL-10 are not read"
    ),
    "CelebA": Place(
        "celeba/list_eval_partition.txt",
        celeba_files,
        True,
        "the validation images of CelebA are not read",
    ),
}


@dataclass(frozen=True)
class TorchvisionFolder:
    """A data set that was found in a folder of torchvision's.

    Attributes:
        root: The folder that torchvision calls ``root``.
        options: What the protocol says.
    """

    root: Path
    options: TorchvisionOptions

    @property
    def files(self) -> tuple[Path, ...]:
        return PLACES[self.options.dataset].files(self.root)

    @property
    def notes(self) -> tuple[str, ...]:
        left_out = PLACES[self.options.dataset].left_out
        return (left_out,) if left_out else ()

    def frames_left_out(self, split: Split) -> tuple[str, ...]:
        """Say nothing: none of these has animations."""
        return ()

    def read(self, split: Split, shape: ImageShape, progress: ProgressFn | None) -> ImageSet:
        """Have torchvision read one split.

        Raises:
            DataError: A file is missing, damaged, or not the published one.
        """
        options = self.options
        decode = DecodeOptions(center_crop=options.center_crop)
        dataset = self._open(split)
        if options.attribute:
            records, pair = celeba_records(dataset, options.attribute)
            images = decode_records(records, shape, decode, progress)
            return ImageSet(images, records.labels, pair)
        images, labels, names = ARRAYS[options.dataset](dataset)
        if options.coarse:
            labels, names = coarse_labels(dataset)
        numbers = tuple(str(i) for i in range(shape.n_classes))
        fitted = fit_images(np.ascontiguousarray(images), shape, decode)
        return ImageSet(fitted, labels, names or numbers)

    def _open(self, split: Split) -> Any:
        from torchvision import datasets

        options = self.options
        arguments = _arguments(options, split)
        try:
            return getattr(datasets, options.dataset)(self.root, download=False, **arguments)
        except MemoryError:
            raise
        except Exception as error:  # readers of damaged files raise many types
            missing = isinstance(error, RuntimeError) and "not found" in str(error)
            what = f"{type(error).__name__}: {error}".removesuffix(": ")
            reason = (
                "a file is missing, or is not the published one."
                if missing
                else f"a file is damaged ({what})."
            )
            raise DataError(
                f"torchvision cannot read the {split} split of {options.dataset} in {self.root}: "
                f"{reason}",
                hint="Take the files away and download them again: "
                + download_line(self.root, options),
            ) from error


def download_line(root: Path, options: TorchvisionOptions) -> str:
    """Give a command that has torchvision download a data set."""
    calls = {_call(root, options, split): None for split in ("train", "test")}
    return f'python -c "from torchvision.datasets import {options.dataset}; {"; ".join(calls)}"'


def _call(root: Path, options: TorchvisionOptions, split: Split) -> str:
    arguments = _arguments(options, split)
    if options.dataset in ("KMNIST", "EMNIST", "CIFAR100", "STL10", "CelebA"):
        # one archive has both splits
        arguments.pop("train", None)
        arguments = arguments if options.dataset == "EMNIST" else {}
    listed = "".join(f", {key}={value!r}" for key, value in arguments.items())
    return f"{options.dataset}({str(root)!r}{listed}, download=True)"


def _arguments(options: TorchvisionOptions, split: Split) -> dict[str, Any]:
    if PLACES[options.dataset].by_split:
        return {"split": split}
    chosen = {"split": options.split} if options.split else {}
    return {**chosen, "train": split == "train"}
