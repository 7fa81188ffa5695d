"""A plugin is used on the pretended device as the harness would use it: what goes wrong, and where.

To be called in a process that has the pretended device (``worker``).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from regene_bench.base.errors import RegeneBenchError, UnavailableError
from regene_bench.base.events import Event, Message, silent
from regene_bench.data.device_images import BenchmarkData, to_float
from regene_bench.plugins.entries import Entry
from regene_bench.plugins.host import load_plugins
from regene_bench.runtime.process_state import kept_process_state
from regene_bench.runtime.random import SampleRng
from regene_bench.runtime.runtime import Runtime
from regene_bench.runtime.stop import StopRequest
from regene_bench.testing.check import Broken, NotApplicable, require
from regene_bench.testing.device.pretended import (
    HostAccessError,
    MixedDevicesError,
    Pretended,
)
from regene_bench.testing.device.steps import traced_steps, uncaptured
from regene_bench.testing.device.watch import Watch, layer_of_error, place_of_error, told, watched
from regene_bench.testing.extractors.prepared import GREY, ExtractorSubject, pictures
from regene_bench.testing.methods.trained import (
    SHAPE,
    MethodSubject,
    generator_of,
    sorted_labels,
)
from regene_bench.testing.metrics.measured import GOOD, MetricSubject
from regene_bench.testing.stripes import moved, striped_data
from regene_bench.training.capabilities import (
    Classifier,
    Decoder,
    Encoder,
    LatentVariableModel,
    Quantiser,
)
from regene_bench.training.captured import WARM_UP
from regene_bench.training.method import Method
from regene_bench.training.stage import Stage

# Enough to see what repeats: the first step makes what the others use, the last may be recorded.
STEPS = WARM_UP + 1
_EACH = 4
_SEEDS = (0, 1)
# so many images extracted at a time, and so many more, tell what happens to each
_COUNTS = (2, 4)
_CUDA = ("CUDA", "cuda", "NVIDIA", "HIP")


class StepStop(StopRequest):
    """Asks for no stop; tells a watch of each look at it, of which training takes one a step."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    @property
    def reason(self) -> str | None:
        self._watch.step_done()
        return None


def look_at(entry: Entry, pretended: Pretended) -> None:
    """Use a plugin on the pretended device.

    Args:
        entry: A method, a metric or a feature extractor.
        pretended: The device.

    Raises:
        Broken: It does not keep to the device; says how, and in which line of its source.
        NotApplicable: It cannot be looked at.
        UnavailableError: Its weights are not to be had.
    """
    owner = entry.load().__module__.partition(".")[0]
    with (
        tempfile.TemporaryDirectory(prefix="regene-bench-device-") as folder,
        watched(pretended.tally, owner) as watch,
        kept_process_state(),
    ):
        try:
            _LOOKS[entry.kind](entry, Path(folder), pretended.device, watch)
        except (Broken, NotApplicable, UnavailableError):
            raise
        except (Exception, SystemExit) as error:
            # what lies on the CPU is the reason for most of what fails
            require(not watch.on_cpu, "\n".join(watch.on_cpu))
            raise _explained(error, owner) from error
        require(not watch.on_cpu, "\n".join(watch.on_cpu))


def _look_at_method(entry: Entry, folder: Path, device: torch.device, watch: Watch) -> None:
    subject = MethodSubject(entry, folder, load_plugins(), silent)
    data = moved(striped_data(SHAPE), device)

    def runtime(seed: int) -> Runtime:
        own = subject.runtime(seed=seed, stop=StepStop(watch))
        return replace(own, device=device)

    try:
        with few_steps(STEPS):
            model = subject.fit(runtime(0), data)
    except Exception as error:
        if _of_the_device(error) is not None:
            raise
        # some methods refuse networks that have learnt nothing
        model = subject.fit(runtime(0), data)
    with few_steps(STEPS):
        method = subject.method
        if method.fit_batch.__func__ is not Method.fit_batch.__func__:  # type: ignore[attr-defined]
            configs = [subject.config() for _ in _SEEDS]
            together = method.fit_batch(configs, data, [runtime(seed) for seed in _SEEDS])
            for one in together:
                if isinstance(one, BaseException):
                    raise one
    _require_no_repeated_waits(watch)
    _require_that_steps_can_be_captured(subject, data, runtime(0), watch)
    labels = sorted_labels(SHAPE.n_classes, _EACH).to(device)
    with torch.inference_mode():
        generator_of(model).generate(labels, SampleRng(0))
        _use_capabilities(model, to_float(data.test.images[: len(labels)]), labels)


def _require_that_steps_can_be_captured(
    subject: MethodSubject, data: BenchmarkData, runtime: Runtime, watch: Watch
) -> None:
    """Hold stages to what they say of their steps (``Stage.stretch``)."""
    said: list[str] = []

    def note(event: Event) -> None:
        if isinstance(event, Message):
            said.append(event.text)

    watch.begin_again()
    with (
        few_steps(STEPS),
        traced_steps(watch.tally, watch.owner) as traces,
        # some methods refuse networks that have learnt nothing
        suppress(RegeneBenchError),
    ):
        subject.fit(replace(runtime, captured=True, emit=note), data)
    found = uncaptured(traces, said)
    require(not found, found)


def _use_capabilities(model: object, images: Tensor, labels: Tensor) -> None:
    """Have a model do what metrics ask of it, which expect results where the images are."""
    found: dict[str, Tensor] = {}
    if isinstance(model, Classifier):
        found["classify"] = model.classify(images)
    if isinstance(model, Encoder):
        found["encode"] = model.encode(images)
    if isinstance(model, Encoder) and isinstance(model, Decoder):
        found["decode"] = model.decode(found["encode"])
    if isinstance(model, LatentVariableModel):
        latents = model.posterior(images, labels).sample()
        found["posterior"] = latents
        found["prior"] = model.prior(labels).log_prob(latents)
        found["likelihood"] = model.likelihood(latents, labels).log_prob(images)
    if isinstance(model, Quantiser):
        found["codes"] = model.codes(images)
    for name, result in found.items():
        _require_on(images.device, name, result)


def _look_at_metric(entry: Entry, folder: Path, device: torch.device, watch: Watch) -> None:
    subject = MetricSubject(entry, folder, load_plugins(), silent, device)
    metric = subject.metric_class()
    with subject.own_cache(), few_steps(STEPS):
        evaluations = [subject.evaluation(GOOD)]
        if metric.moments_suffice:
            evaluations.append(subject.evaluation(replace(GOOD, from_moments=True)))
        for evaluation in evaluations:
            list(metric.measure(evaluation))


def _look_at_extractor(entry: Entry, folder: Path, device: torch.device, watch: Watch) -> None:
    subject = ExtractorSubject(entry, folder, load_plugins(), silent, device)
    with few_steps(STEPS):
        extractor = subject.prepared(GREY)
    _require_no_repeated_waits(watch)
    images = pictures(GREY).to(device)
    waits = []
    for n in _COUNTS:
        before = watch.places.copy()
        with torch.inference_mode():
            found = extractor.extract(images[:n])
        waits.append(watch.places - before)
        _require_on(device, "extract", found.features)
        if found.logits is not None:
            _require_on(device, "extract", found.logits)
    few, more = _COUNTS
    each = [key for key, count in (waits[1] - waits[0]).items() if count >= more - few]
    require(not each, f"extract waits for the device at every image: {told(each)}")


_LOOKS: Mapping[str, Callable[[Entry, Path, torch.device, Watch], None]] = {
    "method": _look_at_method,
    "metric": _look_at_metric,
    "feature_extractor": _look_at_extractor,
}


@contextmanager
def few_steps(most: int) -> Iterator[None]:
    """Train no stage for longer than some steps: what is looked at shows in a few."""
    original: Any = Stage.total_steps
    Stage.total_steps = property(lambda stage: min(most, original.fget(stage)))  # type: ignore[assignment,method-assign]
    try:
        yield
    finally:
        Stage.total_steps = original  # type: ignore[method-assign]


def _require_on(device: torch.device, name: str, result: Tensor) -> None:
    where = result.device
    require(where == device, f"{name} was given tensors on {device} and gives one on {where}")


def _require_no_repeated_waits(watch: Watch) -> None:
    waits = watch.repeated_waits()
    require(not waits, f"training waits for the device at every step: {told(waits)}")


def _explained(error: BaseException, owner: str) -> Broken | NotApplicable:
    """Say what an error means for the device, and which line of the plugin it came from."""
    place = next(filter(None, (place_of_error(one, owner) for one in _chain(error))), None)
    where = f"\nin {place}" if place else ""
    why = _of_the_device(error)
    if isinstance(why, Broken):
        return Broken(f"{why}{where}")
    if isinstance(why, NotApplicable):
        return NotApplicable(f"{why}{where}")
    return Broken(f"it fails on the device: {type(error).__name__}: {error}{where}")


def _of_the_device(error: BaseException) -> Broken | NotApplicable | None:
    """What an error says of the device; nothing if it might have been raised anywhere."""
    for one in _chain(error):
        text = f"{type(one).__name__}: {one}"
        if isinstance(one, MixedDevicesError):
            layer = layer_of_error(one)
            why = f" (the weights of {layer} lie on the CPU)" if layer else ""
            return Broken(f"tensors of the CPU meet tensors of the device{why}: {one}")
        if isinstance(one, HostAccessError):
            return Broken(f"NumPy is given a tensor of the device: {one}")
        if isinstance(one, NotImplementedError) or "INTERNAL ASSERT" in str(one):
            return NotApplicable(f"the pretended device cannot do what it asks for: {text}")
        if any(word in str(one) for word in _CUDA):
            return Broken(f"it asks for CUDA, whatever device it is given: {text}")
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it was raised from, the first cause first."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return reversed(found)
