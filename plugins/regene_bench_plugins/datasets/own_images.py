"""What ``folder`` and ``parquet`` share: anybody's own images, with the same options."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from regene_bench.api import DataError, SourceRequest, validate
from regene_bench.data.readers import (
    DecodeOptions,
    Layout,
    LayoutKind,
    LayoutOptions,
    ParquetOptions,
    detect_layout,
    find_folder,
)
from regene_bench_plugins.datasets.composition import ClassOptions, compose
from regene_bench_plugins.datasets.located import (
    ClassNameOptions,
    ColumnOptions,
    Found,
    LocatedSource,
)


class ImageOptions(ColumnOptions, ClassNameOptions):
    """The ``[data.options]`` table of the sources ``folder`` and ``parquet``.

    Attributes:
        path: The data set's folder or zip, below a data folder or absolute; by default the name
            under which the benchmark asks for it.
        center_crop: Side in pixels of the central square to cut out before resizing.
        test_fraction: Share of each class that is held out where there is no test split.
        config: Configuration of a data set that comes in several, as on the Hugging Face hub.
        classes: Instead of ``path``: the classes, each from a folder of its own.
    """

    path: str | None = Field(default=None, min_length=1)
    center_crop: int | None = Field(default=None, ge=1)
    test_fraction: float = Field(default=0.1, gt=0, lt=1)
    config: str = ""
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
    remedy: ClassVar[str]

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
        )
        layout: Layout | None = detect_layout(folder, self._layouts())
        if layout is None:
            raise DataError(f"{folder} has changed while it was looked at.")
        return layout

    def _layouts(self) -> LayoutOptions:
        options = self.options
        return LayoutOptions(
            decode=DecodeOptions(center_crop=options.center_crop),
            parquet=ParquetOptions(
                options.image_column,
                options.label_column,
                options.test_fraction,
                config=options.config,
            ),
            test_fraction=options.test_fraction,
            kinds=self.kinds,
            splits=self.request.splits,
        )
