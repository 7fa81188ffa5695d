"""One line of a leaderboard: its runs, its model, its samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

    from regene_bench.models.trained import TrainedModel


@dataclass(frozen=True)
class BoardLine:
    """A method with one set of parameters, as ``board["regene"]`` gives it.

    Attributes:
        results: The results folder.
        label: What the leaderboard calls it.
        run_ids: Its runs, by seed.
    """

    results: Path
    label: str
    run_ids: tuple[str, ...]

    def model(
        self, *, data: Path | str | Sequence[Path | str] = (), device: str = "auto"
    ) -> TrainedModel:
        """Load the model of its first run; arguments and errors as of ``regene_bench.load``."""
        from regene_bench.models.load import load

        return load(self.run_ids[0], results=self.results, data=data, device=device)

    def samples(
        self,
        n: int = 40,
        *,
        seed: int | None = None,
        data: Path | str | Sequence[Path | str] = (),
        device: str = "auto",
    ) -> Image.Image:
        """Draw samples of its first run, one class a row; a notebook shows the picture.

        Args:
            n: How many.
            seed: Of the samples; the run's own, and with it the images that were measured, if
                ``None``.
            data: As of ``regene_bench.load``.
            device: As of ``regene_bench.load``.

        Raises:
            RegeneBenchError: As of ``regene_bench.load``.
        """
        from regene_bench.models.grid import picture_of

        return picture_of(self.model(data=data, device=device), n, seed)
