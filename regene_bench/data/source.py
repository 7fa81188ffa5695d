"""The contract of a data source."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from regene_bench.data.shapes import ImageShape, Split
from regene_bench.data.split_folders import USUAL_SPLITS, SplitNames

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class ImageSet:
    """One split of a data set as it comes from a source.

    Attributes:
        images: uint8 ``[N, C, H, W]``.
        labels: int64 ``[N]`` in [0, K).
        class_names: K names, in label order.
    """

    images: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]


@dataclass(frozen=True)
class SourceRequest:
    """What a benchmark asks of a data source.

    Attributes:
        name: Name under which the data set is looked for in the data folders.
        shape: Shape of the decoded images.
        roots: Folders to look in, nearest first (``--data``, ``$REGENE_BENCH_DATA``, the cache).
        download_dir: Where a download is kept.
        options: The ``[data.options]`` table of the protocol.
        splits: What the protocol calls the splits (``[data] train`` and ``test``); only sources
            that know splits by name (``DatasetSource.knows_splits``) are asked for them.
    """

    name: str
    shape: ImageShape
    roots: tuple[Path, ...]
    download_dir: Path
    options: Mapping[str, Any]
    splits: SplitNames = USUAL_SPLITS


class DatasetSource(ABC):
    """Finds, fetches and decodes one data set. ``prepare`` is apart from ``load``.

    Attributes:
        knows_splits: True if ``request.splits`` is heeded: the protocol may name the splits then.
    """

    knows_splits: ClassVar[bool] = False

    def __init__(self, request: SourceRequest) -> None:
        self.request = request

    @abstractmethod
    def prepare(self) -> None:
        """Make the data present on this machine: find it, or fetch and verify it.

        Raises:
            DataError: It is not there and cannot be fetched; says where it was looked for and how
                to get it.
        """

    @abstractmethod
    def load(self, split: Split) -> ImageSet:
        """Decode one split.

        Raises:
            DataError: A file is corrupt; the message names it.
        """

    def files(self) -> Iterable[Path]:
        """The files that ``load`` reads, once prepared: they key the cache of decoded pixels."""
        return ()
