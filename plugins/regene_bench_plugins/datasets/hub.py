"""A data set of the Hugging Face Hub, by the name of its repository."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pydantic import Field

from regene_bench.api import DataError, SourceRequest, validate
from regene_bench.data.readers import LayoutKind, detect_layout
from regene_bench_plugins.datasets.hub_repository import COMMIT, CONVERTED, fetch_repository
from regene_bench_plugins.datasets.located import Found, LayoutChoices, LocatedSource

_KINDS: Final[tuple[LayoutKind, ...]] = ("parquet", "dataset-json", "class-folders")


class HubOptions(LayoutChoices):
    """The ``[data.options]`` table of the source ``hub``.

    Attributes:
        repo: The repository, ``user/set``.
        revision: Commit, branch or tag. Only a commit always means the same images.
    """

    repo: str = Field(pattern=r"^[\w-][\w.-]*/[\w-][\w.-]*$")
    revision: str = Field(default="main", min_length=1)


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
        layout = detect_layout(snapshot.folder, self.options.layouts(_KINDS, self.request))
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
