"""One stage of one run: goes on from a checkpoint, reports, and decides when to keep the next one.

A ``StageRun`` knows how far its stage is, and how it ended. ``advance`` takes one of them, or
several side by side, to their ends: it is what ``train`` and ``train_together`` share. What a step
computes is its caller's business.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from torch import Tensor

from regene_bench.base.errors import Interrupted, TrainingDivergedError
from regene_bench.base.events import Message
from regene_bench.data.device_images import DeviceImages
from regene_bench.runtime.generations import one_generation
from regene_bench.runtime.runtime import Runtime
from regene_bench.runtime.stage_report import StageReport
from regene_bench.training.divergence import LossWatch
from regene_bench.training.running_statistics import settle_statistics
from regene_bench.training.sketches import Sketches
from regene_bench.training.stage import Stage
from regene_bench.training.stage_state import (
    note_rates,
    random_streams,
    restore_state,
    stage_state,
)

# Between two readings of the losses, each of which waits for the device.
_REPORT_SECONDS = 0.5


@dataclass
class StageRun:
    """One stage of one run.

    Attributes:
        stage: What is trained.
        runtime: The run's seed, checkpoints and progress.
        result: The stage's report, or why it failed; ``None`` while it trains.
        first_step: The step that it begins with, or goes on at.
        seconds_before: What its training took until the checkpoint that it goes on from.
        losses: Last reported value of each loss.
        streams: States of the random generators in the checkpoint, by name; none at a beginning.
        replayed: Steps that were done by replaying a graph, before the checkpoint and since.
        fast: Whether some were done by kernels that need not be deterministic.
    """

    stage: Stage
    runtime: Runtime
    result: StageReport | TrainingDivergedError | None = None
    first_step: int = 0
    seconds_before: float = 0.0
    losses: dict[str, float] = field(default_factory=dict)
    streams: Mapping[str, Tensor] = field(default_factory=dict)
    replayed: int = 0
    fast: bool = False

    @classmethod
    def begin(cls, stage: Stage, runtime: Runtime) -> StageRun:
        """Bring modules and optimisers of a stage to its last checkpoint, if there is one.

        A stage that had ended has its report as its result. Of another the modules are in training
        mode then. Random generators are left to the caller, who alone knows which they are.
        """
        note_rates(stage.optimizers)
        saved = restore_state(stage, runtime)
        # in older versions no step was replayed, and none was fast
        replayed = 0 if saved is None else saved.get("replayed", 0)
        fast = False if saved is None else saved.get("fast", False)
        if saved is not None and saved["done"]:
            seconds, images, losses = saved["seconds"], saved["images"], saved["losses"]
            report = StageReport(stage.name, seconds, seconds, images, losses, replayed, fast)
            return cls(stage, runtime, report)
        for module in stage.modules.values():
            module.train()
        if saved is None:
            return cls(stage, runtime, fast=runtime.fast)
        share = saved["step"] / stage.total_steps
        runtime.tell(Message(f"{runtime.task}: {stage.name} goes on at {share:.0%}"))
        return cls(
            stage,
            runtime,
            first_step=saved["step"],
            seconds_before=saved["seconds"],
            losses=dict(saved["losses"]),
            streams=random_streams(saved),
            replayed=replayed,
            fast=fast or runtime.fast,
        )

    def report(self, step: int, losses: Mapping[str, float]) -> None:
        """Tell the losses after a step, and that it is done."""
        self.losses = dict(losses)
        size = self.stage.batch_size
        done, total = (step + 1) * size, self.stage.total_steps * size
        self.runtime.progress(self.stage.name, done, total, values=self.losses)

    def keep(self, steps: int, seconds: float, streams: Mapping[str, Tensor]) -> None:
        """Write the state to disk; after the last step it is the stage's result, too.

        Args:
            steps: Steps that are done.
            seconds: What they took in this process.
            streams: States of the random generators, by name.
        """
        stage, done = self.stage, steps == self.stage.total_steps
        seconds, images = self.seconds_before + seconds, steps * stage.batch_size
        state = stage_state(stage.modules, stage.optimizers, streams, done=done)
        told = {"stage": stage.name, "step": steps, "images": images}
        told |= {"seconds": seconds, "losses": self.losses}
        told |= {"replayed": self.replayed, "fast": self.fast}
        self.runtime.checkpoints.save(stage.name, state | told)
        if done:
            before = self.seconds_before
            self.result = StageReport(
                stage.name, seconds, before, images, self.losses, self.replayed, self.fast
            )

    def end(self) -> StageReport | TrainingDivergedError:
        """Enter the report in the run's ledger; leave the modules in evaluation mode.

        Returns:
            The result.

        Raises:
            RuntimeError: There is none yet.
        """
        if self.result is None:
            raise RuntimeError(f"{self.stage.name} has not ended")
        if isinstance(self.result, StageReport):
            self.runtime.ledger.append(self.result)
        for module in self.stage.modules.values():
            module.eval()
        return self.result


def advance(
    runs: Sequence[StageRun],
    steps: Iterable[tuple[int, Mapping[str, Tensor]]],
    watch: LossWatch,
    data: DeviceImages,
    collect: Callable[[int], Mapping[str, Tensor]],
) -> None:
    """Take runs in step to their ends: each has a result then.

    Waits for the device about twice a second, to read the losses, and when it keeps the state.

    Args:
        runs: At the same step, with equal lengths, batch sizes and limits of the losses.
        steps: Does a step whenever it is asked for the next item, and yields the step's number and
            its losses: scalars of one run, ``[K]`` each of K runs.
        watch: Has looked at the losses of each step.
        data: The training images.
        collect: Given a run's number, brings its stage's modules and optimisers up to date, and
            returns the states of its random generators by name, for the checkpoint.

    Raises:
        Interrupted: A stop was asked for; the state of every run is saved.
    """
    stage, n = runs[0].stage, len(data)
    interval = min(run.runtime.checkpoints.interval for run in runs)
    sketches = [Sketches(run.stage, run.runtime, run.first_step) for run in runs]
    started = reported = kept = time.monotonic()

    def keep(steps_done: int) -> None:
        pending = {number: run for number, run in enumerate(runs) if run.result is None}
        streams = {number: collect(number) for number in pending}
        if steps_done == stage.total_steps:
            for run in pending.values():
                settle_statistics(run.stage, data, run.runtime)
        # what the runs cost together they share
        seconds = (time.monotonic() - started) / len(runs)
        # of runs that go in step a kill must not leave some a generation ahead of the others
        with one_generation([run.runtime.checkpoints for run in runs], stage.name):
            for number, run in pending.items():
                run.keep(steps_done, seconds, streams[number])

    for step, losses in steps:
        now, last = time.monotonic(), step + 1 == stage.total_steps
        stop = next(filter(None, [run.runtime.stop.reason for run in runs]), None)
        due = now - kept >= interval
        if not (now - reported >= _REPORT_SECONDS or last or due or stop):
            continue
        reported = now
        for number, error in watch.errors(stage, n).items():
            runs[number].result = runs[number].result or error
        values = {name: value.reshape(-1).tolist() for name, value in losses.items()}
        for number, run in enumerate(runs):
            if run.result is None:
                run.report(step, {name: float(own[number]) for name, own in values.items()})
        if all(run.result is not None for run in runs):
            return
        for number, own in enumerate(sketches):
            if runs[number].result is None and own.due(step + 1):
                collect(number)
                own.show(step + 1, data.labels)
        if (due or stop) and not last:
            keep(step + 1)
            kept = time.monotonic()
        if stop and not last:
            raise Interrupted(stop)
    keep(stage.total_steps)
