"""One run, from fit to record."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from regene_bench.base.disk import disk_error, told_of_disk
from regene_bench.base.errors import MethodError
from regene_bench.base.events import Message, Sink
from regene_bench.base.files import sweep_abandoned, write_atomically
from regene_bench.base.guard import NOT_A_FAULT
from regene_bench.base.text import text_of, traceback_of, type_of
from regene_bench.data.device_images import BenchmarkData, DeviceImages, to_float
from regene_bench.evaluation.comparison import Comparison
from regene_bench.evaluation.evaluation import Evaluation
from regene_bench.evaluation.feature_cache import FeatureCache
from regene_bench.evaluation.metric import NamedMetric
from regene_bench.harness.measure import measure_all
from regene_bench.harness.model_description import describe_model, write_description
from regene_bench.harness.pictures import (
    PAIRS,
    first_of_each_class,
    paired_grid,
    sample_grid,
    save_picture,
)
from regene_bench.harness.run_description import RUN_FILE, write_run_file
from regene_bench.harness.run_folders import checkpoint_folder, run_folder
from regene_bench.harness.run_logger import RunLogger
from regene_bench.harness.sample import sample
from regene_bench.harness.shared_data import SharedData
from regene_bench.leaderboard.record import RunRecord, ScoreRow
from regene_bench.plan.runs import Run
from regene_bench.runtime import provenance
from regene_bench.runtime.checkpoints import CheckpointStore
from regene_bench.runtime.determinism import make_fast
from regene_bench.runtime.device import Precision, device_name
from regene_bench.runtime.metering import Meter, metered
from regene_bench.runtime.process_state import kept_process_state
from regene_bench.runtime.runtime import Look, Runtime
from regene_bench.runtime.stop import StopRequest
from regene_bench.training.capabilities import Generator


@dataclass(frozen=True)
class Setting:
    """What all runs of a call share.

    Attributes:
        results: The results folder.
        data: The benchmark's data on the device.
        comparison: Labels to generate and real images to compare with.
        shared: Watches over both, which no method and no metric may write into.
        shelf: Extractors and real features.
        metrics: What is measured.
        device: Where everything is computed; one that is not here where other machines do it.
        precision: Arithmetic of training.
        fast: Whether training may take kernels that are not deterministic.
        captured: Whether training steps are captured as graphs where they can be.
        checkpoint_seconds: Time between checkpoints.
        stop: Looked at between steps.
        emit: Takes progress events.
        loggers: What keeps curves, scores and samples of each run.
        look: Takes images that are generated while a run trains, if anybody watches it.
    """

    results: Path
    data: BenchmarkData
    comparison: Comparison
    shared: SharedData
    shelf: FeatureCache
    metrics: Sequence[NamedMetric]
    device: torch.device
    precision: Precision
    checkpoint_seconds: float
    stop: StopRequest
    emit: Sink
    loggers: tuple[type[RunLogger], ...] = ()
    look: Look | None = None
    fast: bool = False
    captured: bool = False

    def runtime(self, task: str, checkpoints: Path, seed: int = 0) -> Runtime:
        """What a piece of the call's work is handed.

        Args:
            task: What it is called where progress is shown.
            checkpoints: Folder of its training state.
            seed: All its random draws derive from it.
        """
        return Runtime(
            device=self.device,
            precision=self.precision,
            seed=seed,
            checkpoints=CheckpointStore(checkpoints, self.checkpoint_seconds),
            stop=self.stop,
            emit=self.emit,
            task=task,
            look=self.look,
            captured=self.captured,
            fast=self.fast,
        )


@dataclass
class _Ledger:
    """What is known of a run so far; a failure reports what it got to."""

    fit: Meter = field(default_factory=Meter)
    together: int | None = None
    generate: Meter = field(default_factory=Meter)
    measure: Meter = field(default_factory=Meter)
    restored_seconds: float = 0.0
    restored: bool = False
    replayed: int = 0
    fast: bool = False
    images_seen: int = 0
    n_generated: int = 0
    scores: tuple[ScoreRow, ...] = ()


def runtime_of(run: Run, setting: Setting) -> Runtime:
    """What a run's method is handed: device, the run's seed and checkpoints, progress."""
    folder = checkpoint_folder(setting.results, run.run_id)
    return setting.runtime(run.title, folder, run.seed)


def execute(run: Run, setting: Setting) -> RunRecord:
    """Train, generate and measure one run.

    Leaves ``run.json``, checkpoints and pictures in the run's folder; the part of the leaderboard
    is for the caller to write.

    Args:
        run: What to run.
        setting: What all runs of the call share.

    Returns:
        The scores and what they cost. A method's exceptions become a ``failed`` record with the
        path of the traceback.

    Raises:
        Interrupted: A stop was asked for; the training state is saved.
    """
    runtime = runtime_of(run, setting)

    def fit(ledger: _Ledger) -> object:
        with (
            setting.shared.unchanged_by("fit"),
            metered(setting.device) as ledger.fit,
            kept_process_state(),
        ):
            if setting.fast:
                make_fast()
            return run.method(run.config).fit(setting.data, runtime)

    return _carry_out(run, setting, runtime, fit)


def execute_together(runs: Sequence[Run], settings: Sequence[Setting]) -> Iterator[RunRecord]:
    """Train runs of one method together; generate and measure one after the other.

    Each is told a share of the training time. What a run fails with is its own; what ends the
    common training fails them all.

    Args:
        runs: Runs of which ``batch_key`` is one.
        settings: One a run, which differ in what is measured only.

    Yields:
        The record of each run, in their order.

    Raises:
        Interrupted: A stop was asked for; the training states are saved.
    """
    device, method = settings[0].device, runs[0].method
    runtimes = [runtime_of(*pair) for pair in zip(runs, settings, strict=True)]
    models: Sequence[object]
    with metered(device) as meter:
        try:
            configs = [run.config for run in runs]
            with settings[0].shared.unchanged_by("fit_batch"), kept_process_state():
                if settings[0].fast:
                    make_fast()
                models = method.fit_batch(configs, settings[0].data, runtimes)
            if len(models) != len(runs):
                raise MethodError(
                    f"{runs[0].entry.name} trained {len(runs)} runs together and gave "
                    f"{len(models)} models."
                )
        except NOT_A_FAULT:
            raise
        except BaseException as error:
            models = [error] * len(runs)
    share = Meter(meter.seconds / len(runs), meter.peak_bytes)
    for run, setting, runtime, model in zip(runs, settings, runtimes, models, strict=True):
        given = partial(_given, model, share, len(runs))
        yield _carry_out(run, setting, runtime, given)


def _given(model: object, meter: Meter, together: int, ledger: _Ledger) -> object:
    ledger.fit, ledger.together = meter, together
    if isinstance(model, BaseException):
        raise model
    return model


def _carry_out(
    run: Run, setting: Setting, runtime: Runtime, fit: Callable[[_Ledger], object]
) -> RunRecord:
    folder = run_folder(setting.results, run.run_id)
    with told_of_disk("write to", folder / RUN_FILE):
        folder.mkdir(parents=True, exist_ok=True)
        for left in (RUN_FILE, "traceback.txt", "*.png"):
            sweep_abandoned(folder, left)
        write_run_file(folder, run)
    ledger = _Ledger(fast=setting.fast)
    try:
        try:
            model = fit(ledger)
        finally:
            _account_for_training(ledger, runtime)
        labels, precision = setting.comparison.labels, setting.precision
        write_description(folder, describe_model(run, setting.data, labels, precision))
        _generate_and_measure(run, model, setting, runtime, folder, ledger)
    except NOT_A_FAULT:
        raise
    except BaseException as error:  # SystemExit, CancelledError, …: no method ends the other runs
        return _record(
            run, setting, ledger, error, _keep_traceback(traceback_of(error), folder, setting)
        )
    return _record(run, setting, ledger)


def _keep_traceback(text: str, folder: Path, setting: Setting) -> str | None:
    """Write down where the run failed; the row tells what it failed with in any case."""
    path = folder / "traceback.txt"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text.encode(errors="backslashreplace"))
    except OSError as trouble:
        told = disk_error("write to", path, trouble)
        setting.emit(Message(f"The traceback is not kept: {told}"))
        return None
    return path.relative_to(setting.results).as_posix()


def _account_for_training(ledger: _Ledger, runtime: Runtime) -> None:
    """Enter what stages report; a method without any was trained as this call asks."""
    reports = runtime.ledger
    if reports:
        ledger.restored_seconds = sum(report.restored_seconds for report in reports)
        ledger.restored = all(report.restored for report in reports)
        ledger.replayed = sum(report.replayed for report in reports)
        ledger.fast = any(report.fast for report in reports)
        ledger.images_seen = sum(report.images for report in reports)


def _generate_and_measure(
    run: Run, model: object, setting: Setting, runtime: Runtime, folder: Path, ledger: _Ledger
) -> None:
    setting.stop.check()
    if not isinstance(model, Generator):
        raise MethodError(f"{run.entry.name} cannot generate: its model has no generate method.")

    comparison = setting.comparison
    with setting.shared.unchanged_by("generate"), metered(setting.device) as ledger.generate:
        generated, trials = sample(model, comparison.labels, setting.data.shape, runtime)
    ledger.n_generated = len(generated)
    save_picture(sample_grid(generated.images, comparison.labels), folder / "samples.png")

    evaluation = evaluation_of(model, generated, trials, setting, runtime)
    with metered(setting.device) as ledger.measure:
        ledger.scores = measure_all(setting.metrics, evaluation, setting.shared)
    if evaluation.can("encode") and evaluation.can("decode"):
        _picture_reconstructions(evaluation, setting, folder)


def _picture_reconstructions(evaluation: Evaluation, setting: Setting, folder: Path) -> None:
    test = evaluation.held_out.subset(first_of_each_class(evaluation.held_out.labels, PAIRS))
    try:
        with setting.shared.unchanged_by("decode"), kept_process_state():
            reconstructed = evaluation.through_the_model(to_float(test.images))
    except NOT_A_FAULT:
        raise
    except BaseException as error:  # the scores that need reconstructions say the same
        setting.emit(Message(f"No picture of reconstructions: {text_of(error)}"))
        return
    picture = paired_grid(test.images, reconstructed, test.labels)
    save_picture(picture, folder / "reconstructions.png")


def evaluation_of(
    model: object,
    generated: DeviceImages,
    trials: dict[str, Tensor],
    setting: Setting,
    runtime: Runtime,
) -> Evaluation:
    """What metrics look at: a model, what it generated, and the real images to compare with."""
    return Evaluation(
        model=model,
        data=setting.data,
        comparison=setting.comparison,
        generated=generated,
        trials=trials,
        shelf=setting.shelf,
        runtime=runtime,
    )


def failed_record(run: Run, setting: Setting, error: BaseException, stack: str = "") -> RunRecord:
    """What is known of a run that nobody carried out, or whose process ended before it could tell.

    Args:
        run: The run.
        setting: What all runs of the call share.
        error: What became of it.
        stack: Where it was, a call a line, if that is known; kept in place of a traceback.
    """
    text = f"{stack}\n{text_of(error)}\n" if stack else traceback_of(error)
    folder = run_folder(setting.results, run.run_id)
    return _record(run, setting, _Ledger(), error, _keep_traceback(text, folder, setting))


def _record(
    run: Run,
    setting: Setting,
    ledger: _Ledger,
    error: BaseException | None = None,
    traceback_path: str | None = None,
) -> RunRecord:
    fit_seconds = ledger.fit.seconds + ledger.restored_seconds
    return RunRecord(
        run_id=run.run_id,
        benchmark=run.benchmark.name,
        protocol_version=run.benchmark.version,
        preset=run.preset,
        dataset=setting.data.name,
        dataset_fingerprint=run.fingerprint,
        method=run.entry.name,
        method_version=run.method.version,
        method_role="reference" if run.method.is_reference else "method",
        distribution=run.entry.distribution,
        distribution_version=run.entry.version,
        params=json.loads(run.params),
        seed=run.seed,
        status="ok" if error is None else "failed",
        error_type=type_of(error) if error else None,
        error_message=text_of(error) if error else None,
        traceback_path=traceback_path,
        device=setting.device.type,
        gpu_name=device_name(setting.device) or None,
        precision=setting.precision,
        trained_together=ledger.together,
        torch_version=torch.__version__,
        python_version=provenance.python_version(),
        packages=provenance.package_versions()
        | dict(setting.shelf.computed_by)
        | provenance.way_of_training(fast=ledger.fast, captured=ledger.replayed > 0),
        git_commit=provenance.git_commit(),
        fit_seconds=fit_seconds,
        generate_seconds=ledger.generate.seconds,
        measure_seconds=ledger.measure.seconds,
        fit_images_per_second=_rate(ledger.images_seen, fit_seconds),
        generate_images_per_second=_rate(ledger.n_generated, ledger.generate.seconds),
        peak_memory_bytes=max(ledger.fit.peak_bytes, ledger.generate.peak_bytes) or None,
        scores=ledger.scores,
        restored=ledger.restored,
    )


def _rate(images: int, seconds: float) -> float | None:
    return images / seconds if images and seconds > 0 else None
