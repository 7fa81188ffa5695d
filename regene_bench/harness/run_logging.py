"""Telling loggers of a run: isolated from it and from each other."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from regene_bench.base.errors import Interrupted, UnavailableError
from regene_bench.base.events import Event, Message, Progress, Sink
from regene_bench.base.text import text_of
from regene_bench.harness.pictures import sample_grid
from regene_bench.harness.run_logger import LoggedRun, RunLogger
from regene_bench.leaderboard.record import RunRecord
from regene_bench.plan.runs import Run
from regene_bench.plugins.host import PluginHost
from regene_bench.runtime.process_state import kept_process_state

_SKETCHED: Final = 8
_PICTURES: Final = ("samples", "reconstructions")


def choose_loggers(host: PluginHost, names: str) -> tuple[type[RunLogger], ...]:
    """Find loggers by their names, and make sure that they can be had.

    Args:
        host: Knows them.
        names: With commas between.

    Raises:
        UsageError: There is no such logger.
        UnavailableError: A library that one needs is not installed.
    """
    found: list[type[RunLogger]] = []
    for name in filter(None, map(str.strip, names.split(","))):
        logger: type[RunLogger] = host.find("logger", name).load()
        if logger.library and find_spec(logger.library) is None:
            package = f"'regene-bench[{logger.extra}]'" if logger.extra else logger.library
            raise UnavailableError(
                f"The logger {name!r} needs {logger.library}, which is not installed.",
                hint=f"pip install {package}",
            )
        found.append(logger)
    return tuple(dict.fromkeys(found))


class RunLog:
    """All loggers of one run.

    Args:
        loggers: Which.
        run: The run that begins.
        results: The results folder.
        emit: Where progress events go on to, and what is wrong with a logger is told.
    """

    def __init__(
        self, loggers: Sequence[type[RunLogger]], run: Run, results: Path, emit: Sink
    ) -> None:
        self._emit = emit
        self._prefix = f"{run.title}: "
        self._results = results
        self._last: tuple[str, float, float] = ("", 0.0, 0.0)
        self._open: list[RunLogger] = []
        told = LoggedRun(
            run.run_id,
            run.title,
            run.benchmark.name,
            run.preset,
            run.entry.name,
            json.loads(run.params),
            run.seed,
            results,
        )
        for logger in loggers:
            self._safely(logger, partial(self._begin, logger, told))

    def sink(self, event: Event) -> None:
        """Pass an event on, and keep it if it is progress of this run."""
        self._emit(event)
        if not self._open or not isinstance(event, Progress):
            return
        stage = event.task.removeprefix(self._prefix)
        values = dict(event.values) | self._speed(stage, event.done)
        if values:
            self._tell(lambda logger: logger.progress(stage, event.done, values))

    def look(self, stage: str, done: float, images: Tensor, labels: Tensor) -> None:
        """Keep a grid of images that were generated while the run trains.

        Args:
            stage: What trains.
            done: Images seen so far.
            images: float ``[N, C, H, W]`` in [0, 1].
            labels: int64 ``[N]``.
        """
        if not self._open:
            return
        pixels = (images.float().clamp(0, 1) * 255).round().to(torch.uint8)
        grid = np.asarray(sample_grid(pixels, labels, columns=_SKETCHED).convert("RGB"))
        self._tell(lambda logger: logger.samples(stage, done, grid))

    def finish(self, record: RunRecord, folder: Path) -> None:
        """Keep the end of the run.

        Args:
            record: What became of it.
            folder: The run's own, with its pictures.
        """
        pictures = {name: path for name in _PICTURES if (path := folder / f"{name}.png").is_file()}
        why = record.why
        self._tell(lambda logger: logger.finish(record.status, record.scores, pictures, why))
        self._open.clear()

    def stop(self, reason: str) -> None:
        """Close what is open: a stop was asked for."""
        self._tell(lambda logger: logger.finish("stopped", (), {}, reason))
        self._open.clear()

    def _begin(self, logger: type[RunLogger], told: LoggedRun) -> None:
        self._open.append(logger(told))

    def _speed(self, stage: str, done: float) -> dict[str, float]:
        last_stage, last_done, last_time = self._last
        now = time.monotonic()
        self._last = (stage, done, now)
        if stage != last_stage or done <= last_done or now <= last_time:
            return {}
        return {"per_second": (done - last_done) / (now - last_time)}

    def _tell(self, what: Callable[[RunLogger], None]) -> None:
        for logger in list(self._open):
            if not self._safely(type(logger), partial(what, logger)):
                self._open.remove(logger)

    def _safely(self, kind: type[RunLogger], what: Callable[[], None]) -> bool:
        try:
            with kept_process_state():
                what()
        except (Interrupted, KeyboardInterrupt):
            raise
        except BaseException as error:  # no logger ends a run
            text = f"{kind.__name__} keeps nothing more of this run: {text_of(error)}"
            self._emit(Message(text, "warning"))
            return False
        return True
