"""What a user asks to have scored: the images, how they are read, where their rows shall stand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from regene_bench.base.errors import DataError, UsageError
from regene_bench.base.events import Message, Sink
from regene_bench.data.shapes import ImageShape
from regene_bench.leaderboard.parts import check_writable
from regene_bench.leaderboard.record import RunRecord
from regene_bench.runtime.devices import choose_together
from regene_bench.runtime.runtime import Runtime
from regene_bench.runtime.stop import StopRequest
from regene_bench.samples.board_entry import keep
from regene_bench.samples.collection import Samples
from regene_bench.samples.read import check_place
from regene_bench.samples.report import Report
from regene_bench.samples.take_in import take_in

_FEWEST = 2


@dataclass(frozen=True)
class ScoreRequest:
    """What both ways of scoring are asked; the attributes are arguments of ``score.score``.

    Attributes:
        samples: A path or an object that holds the images.
        labels: Their labels, or what these are called; ``"none"`` for none.
        metrics: Names with options, with commas between; empty for the usual ones.
        name: How the samples are called on leaderboards.
        results: Folder in whose leaderboard they shall stand, if any.
        device: Name of a device, if no others are named.
        devices: Names of devices that compute features together.
        resize: Resize images of other sizes.
        skip_bad: Leave out files that cannot be decoded.
        split: Which of several splits of a path.
        image_column: Column of the images in files that have columns.
        parity: Compute the scores with other libraries, too.
        emit: Takes progress events; None for bars on a terminal.
        stop: Looked at between steps.
    """

    samples: Any
    labels: Any
    metrics: str
    name: str
    results: Path | None
    device: str
    devices: tuple[str, ...]
    resize: bool
    skip_bad: bool
    split: str
    image_column: str
    parity: bool
    emit: Sink | None
    stop: StopRequest

    def check(self) -> None:
        """Find what is wrong before data are read, which may take long.

        Raises:
            UsageError: An impossible name, nothing at the path, or a split or column of an object.
            DataError: At the path is what is no file.
            ResultsError: The results folder cannot be written to.
        """
        if not self.name.strip() or not self.name.isprintable():
            raise UsageError(
                f"{self.name!r} cannot be the name of samples.", hint="Use letters and digits."
            )
        if self.results is not None:
            check_writable(self.results)
        if isinstance(self.samples, str | Path):
            check_place(Path(self.samples))
            return
        for argument, value in (("split", self.split), ("image_column", self.image_column)):
            if value:
                raise UsageError(
                    f"{argument}={value!r} was given, but the samples are no file or folder.",
                    hint=f"Leave {argument} out.",
                )

    def on_devices(self) -> tuple[torch.device, ...]:
        """Where to compute; all but the first share the extraction of features.

        Raises:
            UsageError: A device is not present, or two are of different models.
        """
        return choose_together(self.device, self.devices)

    def read(
        self, shape: ImageShape, class_names: tuple[str, ...], runtime: Runtime, tell: Sink
    ) -> Samples:
        """Read the images, and say which files were left out.

        Args:
            shape: The benchmark's, or ``OWN_SHAPE``.
            class_names: K names in label order.
            runtime: Is told the progress, and looks for a stop.
            tell: Told of each file that was left out.

        Raises:
            DataError: They do not fit, or there is only one.
        """
        found = take_in(
            self.samples,
            self.labels,
            shape,
            class_names,
            runtime,
            resize=self.resize,
            skip_bad=self.skip_bad,
            split=self.split,
            image_column=self.image_column,
        )
        for text in found.left_out:
            tell(Message(f"left out {text}"))
        if len(found) < _FEWEST:
            raise DataError(
                f"{found.source} holds one image; no distance can be computed.",
                hint=f"Score at least {_FEWEST}, better as many as the protocol generates.",
            )
        return found

    def report(
        self, record: RunRecord, samples: Samples, title: str, runtime: Runtime, **said: str
    ) -> Report:
        """Keep the record where it is to stand, with what the user said about where to read.

        Args:
            record: The scores.
            samples: What was scored.
            title: Stands above them.
            runtime: Of the call.
            said: More of what the user said, by name; what is empty was not said.
        """
        said |= {"split": self.split, "image_column": self.image_column}
        given = {key: value for key, value in said.items() if value}
        record = replace(record, params={**record.params, **given})
        part = None if self.results is None else keep(record, samples, self.results, runtime)
        return Report(record, title, part)
