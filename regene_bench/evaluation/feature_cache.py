"""Extractors and the features of real images, prepared once and shared by all runs of a call."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, TypeVar

import torch
from torch import Tensor

from regene_bench.base.environment import CACHE_VARIABLE
from regene_bench.base.errors import (
    Interrupted,
    PluginError,
    RegeneBenchError,
    ResultsError,
    UnavailableError,
)
from regene_bench.base.events import Message
from regene_bench.base.hashing import stable_id
from regene_bench.base.paths import cache_dir
from regene_bench.base.text import text_of
from regene_bench.data.device_images import BenchmarkData, DeviceImages
from regene_bench.evaluation.extractor import FeatureExtractor, Features
from regene_bench.runtime.checkpoints import CheckpointStore
from regene_bench.runtime.process_state import kept_process_state
from regene_bench.runtime.runtime import Runtime
from regene_bench.runtime.tensor_marks import Marked

FindExtractor = Callable[[str], type[FeatureExtractor]]
T = TypeVar("T")
_CHUNK = 256
# Fewer on a CPU, where a large network takes seconds for these, and a stop request must be seen.
_CHUNK_ON_CPU = 64


class FeatureCache:
    """Lends prepared extractors, and keeps features of real images in memory and on disk.

    One stands behind all runs of a call: an extractor is prepared once, and real images are passed
    through it once. On disk, in the user's cache, a file is named by the images' pixels and by the
    extractor's card, so other weights or other preprocessing never find it. Features of generated
    images are not kept.

    Args:
        find: Gives the class that is registered under an extractor's name.
        options: Options by extractor name, from the protocol's preset.
        data: The benchmark's data.
        runtime: Device and progress.
        registered_as: Gives the name under which it is registered; its card must have it. Not
            looked at if left out.
    """

    def __init__(
        self,
        find: FindExtractor,
        options: Mapping[str, Mapping[str, Any]],
        data: BenchmarkData,
        runtime: Runtime,
        registered_as: Callable[[str], str] | None = None,
    ) -> None:
        self._find = find
        self._registered_as = registered_as
        self._options = options
        self._data = data
        self._runtime = runtime
        self._ready: dict[str, FeatureExtractor] = {}
        self._failed: dict[str, UnavailableError | PluginError] = {}
        self._real: dict[tuple[str, str], Marked[Features]] = {}
        self._of_real: dict[tuple[str, str, str], Marked[Any]] = {}
        self._disk = CheckpointStore(cache_dir() / "features")
        self._keeps = True

    def extractor(self, name: str) -> FeatureExtractor:
        """Return an extractor, prepared on first use.

        Raises:
            UnavailableError: Its weights are not to be had; the same error each time.
            PluginError: It failed while it was prepared, or has another name on its card than it is
                registered under; the same error each time.
        """
        if name in self._failed:
            raise self._failed[name]
        if name not in self._ready:
            kind = self._find(name)
            try:
                with kept_process_state():
                    extractor = _prepared(
                        kind, self._options.get(name, {}), self._data, self._runtime
                    )
                self._check_identity(name, extractor.card.id)
            except UnavailableError as error:
                self._failed[name] = error
                self._runtime.tell(Message(f"{name} is unavailable: {error}", "warning"))
                raise
            except PluginError as error:
                self._failed[name] = error
                raise
            self._ready[name] = extractor
        return self._ready[name]

    def _check_identity(self, name: str, card_id: str) -> None:
        """Refuse features that leaderboards would show under another extractor's name."""
        expected = card_id if self._registered_as is None else self._registered_as(name)
        if card_id != expected:
            raise PluginError(
                f"The extractor {name!r} calls itself {card_id!r} on its card.",
                hint=f"Its author is to give the card the id {expected!r}.",
            )

    def extract(self, name: str, images: torch.Tensor, task: str) -> Features:
        """Extract features of uint8 images ``[N, C, H, W]`` in chunks, with progress.

        Raises:
            PluginError: What the extractor gives is not a finite row an image.
            UnavailableError: Its weights are not to be had.
        """
        extractor = self.extractor(name)
        whole: Features | None = None
        chunk = _CHUNK_ON_CPU if images.device.type == "cpu" else _CHUNK
        for start in range(0, len(images), chunk):
            self._runtime.stop.check()
            with torch.inference_mode():
                part = extractor.extract(images[start : start + chunk])
            done = min(start + chunk, len(images))
            _check_part(part, done - start, whole, name)
            # small results that are kept between a network's large ones leave holes in memory
            whole = whole or Features(
                part.features.new_empty((len(images), *part.features.shape[1:])),
                None
                if part.logits is None
                else part.logits.new_empty((len(images), *part.logits.shape[1:])),
            )
            whole.features[start:done] = part.features
            if whole.logits is not None and part.logits is not None:
                whole.logits[start:done] = part.logits
            self._runtime.progress(f"{task}: {name}", done, len(images))
        assert whole is not None, "there are images"
        return whole

    def real(self, name: str, images: DeviceImages) -> Features:
        """Features of real images, computed once for a content and an extractor, ever."""
        content = _content_hash(images.images)
        key = (name, content)
        if key not in self._real:
            card = asdict(self.extractor(name).card)
            file = f"{name.replace(':', '-')}-{stable_id({'content': content, 'card': card})}"
            saved = self._disk.load(file)
            if saved is None:
                found = self.extract(name, images.images, "real images")
                self._keep(file, found)
            else:
                device = self._runtime.device
                logits = saved["logits"]
                found = Features(
                    saved["features"].to(device), None if logits is None else logits.to(device)
                )
            self._real[key] = Marked.of(found)
        return self._real[key].value

    def _keep(self, file: str, found: Features) -> None:
        """Write features to the cache, which only saves time: where it cannot, warn once."""
        try:
            self._disk.save(file, {"features": found.features, "logits": found.logits})
        except ResultsError as error:
            if self._keeps:
                text = f"Features of real images are not kept. {error.message}"
                hint = f"Free some disk space, or set {CACHE_VARIABLE} to another folder."
                self._runtime.tell(Message(f"{text}\n{hint}", "warning"))
            self._keeps = False

    def of_real(
        self, what: str, name: str, images: DeviceImages, compute: Callable[[Tensor], T]
    ) -> T:
        """What follows from the features of real images alone, computed once for all runs.

        Args:
            what: Names the computation; equal names must mean equal results.
            name: Extractor.
            images: The real images.
            compute: From features ``[N, D]``.
        """
        key = (what, name, _content_hash(images.images))
        if key not in self._of_real:
            self._of_real[key] = Marked.of(compute(self.real(name, images).features))
        found: T = self._of_real[key].value
        return found

    def drop_changed(self) -> tuple[str, ...]:
        """Forget what a metric wrote into; it is read from the disk or computed again.

        Returns:
            What it was, in words; empty if nothing.
        """
        real = [key for key, marked in self._real.items() if not marked.is_unchanged()]
        derived = [key for key, marked in self._of_real.items() if not marked.is_unchanged()]
        for key in real:
            del self._real[key]
        for what in derived:
            del self._of_real[what]
        return (
            *(f"the features of real images ({name})" for name, _ in real),
            *(f"the {what} of real images' features ({name})" for what, name, _ in derived),
        )


def _content_hash(images: torch.Tensor) -> str:
    digest = hashlib.sha256(str(tuple(images.shape)).encode())
    for part in torch.split(images, 4096):
        digest.update(part.contiguous().cpu().numpy().tobytes())
    return digest.hexdigest()


def _prepared(
    kind: type[FeatureExtractor],
    options: Mapping[str, Any],
    data: BenchmarkData,
    runtime: Runtime,
) -> FeatureExtractor:
    """Make an extractor and prepare it; whatever else it raises is an error of the plugin."""
    try:
        extractor = kind(options)
        extractor.prepare(data, runtime)
    except (RegeneBenchError, Interrupted, KeyboardInterrupt):
        raise
    except BaseException as error:  # SystemExit, too, would end a call without a word
        raise PluginError(
            f"The extractor {kind.__module__}:{kind.__qualname__} failed while it was prepared: "
            f"{type(error).__name__}: {text_of(error)}",
            hint="Tell its authors; metrics with other extractors are measured.",
        ) from error
    return extractor


def _check_part(part: Features, n: int, whole: Features | None, name: str) -> None:
    """Hold what an extractor gives for some images to its contract.

    Args:
        part: What it gave.
        n: For how many images.
        whole: Where earlier parts are, if there are some.
        name: The extractor's.
    """
    if not isinstance(part, Features):
        raise PluginError(f"The extractor {name!r} gave a {type(part).__name__}, not Features.")
    for what in ("features", "logits"):
        found = getattr(part, what)
        before = getattr(whole, what) if whole else found
        if found is None and before is None and what == "logits":
            continue
        width = before.shape[1] if isinstance(before, Tensor) and before.ndim == 2 else "D"
        if not isinstance(found, Tensor) or found.shape != (n, width):
            shape = list(found.shape) if isinstance(found, Tensor) else type(found).__name__
            raise PluginError(
                f"The extractor {name!r} gave {what} of shape {shape} for {n} images, not "
                f"[{n}, {width}]."
            )
        if not bool(torch.isfinite(found).all()):
            bad = int((~torch.isfinite(found)).any(dim=1).sum())
            raise PluginError(
                f"The extractor {name!r} gave {what} that are not finite for {bad} of {n} images."
            )
