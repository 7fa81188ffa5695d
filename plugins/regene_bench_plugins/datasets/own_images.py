"""What ``folder`` and ``parquet`` share: anybody's own images, with the same options."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field, model_validator

from regene_bench.api import DataError, ImageSet, SourceRequest, Split, validate
from regene_bench.data.readers import (
    Layout,
    LayoutKind,
    LayoutOptions,
    detect_layout,
    find_folder,
    what_is_there,
)
from regene_bench_plugins.datasets.class_names import check_numbers
from regene_bench_plugins.datasets.composition import ClassOptions, compose
from regene_bench_plugins.datasets.located import (
    ClassNameOptions,
    Found,
    LayoutChoices,
    LocatedSource,
)


class ImageOptions(LayoutChoices, ClassNameOptions):
    """The ``[data.options]`` table of the sources ``folder`` and ``parquet``.

    Attributes:
        path: The data set's folder or zip, below a data folder or absolute; by default the name
            under which the benchmark asks for it.
        classes: Instead of ``path``: the classes, each from a folder of its own.
    """

    path: str | None = Field(default=None, min_length=1)
    classes: list[ClassOptions] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_way(self) -> ImageOptions:
        alone = (self.path, self.center_crop, self.label_column, self.config, self.class_names)
        if self.classes and any(alone):
            raise ValueError(
                "give path, center_crop, label_column, config and class_names, or classes, not both"
            )
        names = [options.name for options in self.classes]
        if len(set(names)) != len(names):
            raise ValueError("two classes have the same name")
        return self


class OwnImages(LocatedSource):
    """Reads one layout, or composes classes from several folders."""

    knows_splits = True
    kinds: ClassVar[tuple[LayoutKind, ...]]
    registered_as: ClassVar[str]
    remedy: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]] = ()

    def __init__(self, request: SourceRequest) -> None:
        self.options = validate(ImageOptions, request.options, "[data.options]")
        super().__init__(request, self.options.class_names)

    def locate(self) -> Found:
        """Look for the folder, or the folders of the classes, in each data folder."""
        options = self.options
        if options.classes:
            if self.request.splits:
                raise DataError(
                    "Splits have names where a data set comes from one place, not from a folder a "
                    "class.",
                    hint="Leave train = … and test = … out of the protocol's [data].",
                )
            return compose(
                self.request,
                options.classes,
                test_fraction=options.test_fraction,
                image_column=options.image_column,
            )
        folder = find_folder(
            options.path or self.request.name,
            self.request.roots,
            lambda place: detect_layout(place, self._layouts()) is not None,
            remedy=self.remedy,
            zipped=True,
            suffixes=self.suffixes,
            explain=lambda place: what_is_there(place, self.registered_as),
        )
        layout: Layout | None = detect_layout(folder, self._layouts())
        if layout is None:
            raise DataError(f"{folder} has changed while it was looked at.")
        if layout.kind == "class-folders" and self.request.shape.n_classes > 1:
            _refuse_folder_around(layout.folder, self.request.shape.n_classes)
        return layout

    def load(self, split: Split) -> ImageSet:
        """Decode one split, and hold its labels to the protocol's classes."""
        data, n_classes = super().load(split), self.request.shape.n_classes
        if len(data.class_names) != n_classes:  # the loader says which there are
            return data
        return check_numbers(data, n_classes, str(next(iter(self.files()), self.request.name)))

    def _layouts(self) -> LayoutOptions:
        return self.options.layouts(self.kinds, self.request)


def _refuse_folder_around(folder: Path, n_classes: int) -> None:
    """Refuse the folder around the folder of the classes."""
    below = _folders(folder) if folder.is_dir() else []
    if len(below) == 1 and (classes := _folders(below[0])):
        shown = ", ".join(path.name for path in classes[:3]) + (", …" if len(classes) > 3 else "")
        raise DataError(
            f"{folder} holds one folder, {below[0].name} (with {shown} in it); the benchmark has "
            f"{n_classes} classes.",
            hint=f'If its folders are the classes, name it: path = "{below[0]}".',
        )


def _folders(place: Path) -> list[Path]:
    return sorted(path for path in place.iterdir() if path.is_dir() and path.name[0] != ".")
