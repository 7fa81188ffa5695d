"""A data set of the Hugging Face Hub, by the name of its repository."""

from __future__ import annotations

from dataclasses import replace

from pydantic import Field

from regene_bench.api import DataError, SourceRequest, validate
from regene_bench.data.readers import (
    DecodeOptions,
    LayoutOptions,
    ParquetOptions,
    detect_layout,
)
from regene_bench_plugins.datasets.hub_repository import COMMIT, CONVERTED, fetch_repository
from regene_bench_plugins.datasets.located import ColumnOptions, Found, LocatedSource


class HubOptions(ColumnOptions):
    """The ``[data.options]`` table of the source ``hub``.

    Attributes:
        repo: The repository, ``user/set``.
        revision: Commit, branch or tag. Only a commit always means the same images.
        config: Configuration of a data set that comes in several: the name of a folder.
        center_crop: Side in pixels of the central square to cut out before resizing.
        test_fraction: Share of each class that is held out where there is no test split.
    """

    repo: str = Field(pattern=r"^[\w-][\w.-]*/[\w-][\w.-]*$")
    revision: str = Field(default="main", min_length=1)
    config: str = ""
    center_crop: int | None = Field(default=None, ge=1)
    test_fraction: float = Field(default=0.1, gt=0, lt=1)


class HubImages(LocatedSource):
    """Images of a data set repository: Parquet, ``save_to_disk``, or image folders.

    Files are fetched into the Hub's own cache (``HF_HOME``). Options (``HubOptions``)::

        [data.options]
        repo = "user/set"
        revision = "1f0c…"       # a commit; "refs/convert/parquet" is what the Hub converts sets to
        config = "small"         # one of several configurations
        image_column = "picture"
        label_column = "kind"

    The options are part of a run's id, and so is the fingerprint of the decoded images: whatever
    becomes of a branch, runs on other images are other runs. A revision that is no commit is told
    with the commit that it stands for.
    """

    knows_splits = True

    def __init__(self, request: SourceRequest) -> None:
        super().__init__(request)
        self.options = validate(HubOptions, request.options, "[data.options]")

    def locate(self) -> Found:
        """Fetch the repository's files, and find out how the images lie in them."""
        options = self.options
        snapshot = fetch_repository(options.repo, options.revision, options.config)
        layout = detect_layout(snapshot.folder, self._layouts())
        if layout is None:
            raise DataError(
                f"The Hub's {options.repo} at {options.revision} ({snapshot.folder}) holds no "
                "images in a known layout.",
                hint="Known are train-*.parquet and test-*.parquet, save_to_disk, image folders a "
                f'class, and images with metadata. Try revision = "{CONVERTED}".',
            )
        if COMMIT.fullmatch(options.revision):
            return layout
        note = (
            f"{options.repo} at {options.revision} is commit {snapshot.commit}; write revision = "
            f'"{snapshot.commit}" into [data.options] to stay with it'
        )
        return replace(layout, notes=(*layout.notes, note))

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
            kinds=("parquet", "dataset-json", "class-folders"),
            splits=self.request.splits,
        )
