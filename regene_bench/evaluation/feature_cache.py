"""Extractors and the features of real images, prepared once and shared by all runs of a call."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from time import monotonic
from typing import Any, TypeVar

import torch
from torch import Tensor

from regene_bench.base.environment import CACHE_VARIABLE
from regene_bench.base.errors import PluginError, ResultsError, UnavailableError
from regene_bench.base.events import Message
from regene_bench.base.files import sweep_abandoned
from regene_bench.base.hashing import stable_id
from regene_bench.base.paths import cache_dir
from regene_bench.base.text import about
from regene_bench.data.device_images import BenchmarkData, DeviceImages
from regene_bench.evaluation.extractor import ExtractorCard, FeatureExtractor, Features
from regene_bench.evaluation.extractor_calls import (
    Prepared,
    check_part,
    check_width,
    prepared,
)
from regene_bench.evaluation.several_devices import Lane, in_chunks
from regene_bench.runtime.checkpoints import CheckpointStore
from regene_bench.runtime.runtime import Runtime
from regene_bench.runtime.tensor_marks import Marked

FindExtractor = Callable[[str], type[FeatureExtractor]]
T = TypeVar("T")
_COMPUTED_BY = "computed_by"
_REAL = "real images"
# seconds that nobody needs to be told of beforehand are fewer
_LONG = 20.0
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
        described: Says what it is and whose, as the beginning of a sentence.
        put_right: Restores the data where an extractor wrote into them, and says what that was.
        also_on: Other devices that share the extraction of many images.
    """

    def __init__(
        self,
        find: FindExtractor,
        options: Mapping[str, Mapping[str, Any]],
        data: BenchmarkData,
        runtime: Runtime,
        registered_as: Callable[[str], str] | None = None,
        described: Callable[[str], str] = "The extractor {!r}".format,
        put_right: Callable[[], Sequence[str]] = tuple,
        also_on: Sequence[torch.device] = (),
    ) -> None:
        self._find = find
        self._registered_as = registered_as
        self._described = described
        self._put_right = put_right
        self._options = options
        self._data = data
        self._runtime = runtime
        self._also_on = also_on
        self._ready: dict[str, Prepared] = {}
        self._lanes: dict[str, list[Lane]] = {}
        self._failed: dict[str, UnavailableError | PluginError] = {}
        self._real: dict[tuple[str, str], Marked[Features]] = {}
        self._of_real: dict[tuple[str, str, str], Marked[Any]] = {}
        self._disk = CheckpointStore(cache_dir() / "features")
        self._keeps = True
        self._computed_by: dict[str, str] = {}

    @property
    def computed_by(self) -> Mapping[str, str]:
        """Packages beyond torch that computed features which were asked for, with their versions.

        Those that an earlier call had computed, and this one found on the disk, count as well.
        """
        return self._computed_by

    def extractor(self, name: str) -> FeatureExtractor:
        """Return an extractor, prepared on first use.

        Raises:
            UnavailableError: Its weights are not to be had; the same error each time.
            PluginError: It failed while it was prepared, or has another name on its card than it is
                registered under; the same error each time.
        """
        return self._prepared(name).extractor

    def card(self, name: str) -> ExtractorCard:
        """Return the card of an extractor, which is prepared on first use.

        Raises:
            UnavailableError: As of ``extractor``.
            PluginError: The same.
        """
        return self._prepared(name).card

    def trained(self) -> dict[str, str]:
        """Digests of the weights of extractors that were trained on the benchmark's images.

        Only those that were prepared, by name.
        """
        return {
            name: found.card.weights_sha256
            for name, found in self._ready.items()
            if type(found.extractor).trained_on_data
        }

    def _prepared(self, name: str) -> Prepared:
        if name in self._failed:
            raise self._failed[name]
        if name not in self._ready:
            try:
                self._ready[name] = self._prepare(name, self._runtime)
            except UnavailableError as error:
                self._failed[name] = error
                self._runtime.tell(Message(f"{name} is unavailable: {error}", "warning"))
                raise
            except PluginError as error:
                self._failed[name] = error
                raise
        return self._ready[name]

    def _prepare(self, name: str, runtime: Runtime) -> Prepared:
        kind, whose = self._find(name), self._described(name)
        options = self._options.get(name, {})
        try:
            found = prepared(kind, options, self._data, runtime, whose)
        finally:
            changed = self._put_right()
        if changed:
            raise PluginError(
                f"{whose} wrote into {', '.join(changed)} while it was prepared. "
                "That was put right.",
                hint="Its authors are to work on a copy (tensor.clone()).",
            )
        self._check_identity(name, found.card.id)
        return found

    def _on_all_devices(self, name: str) -> list[Lane]:
        """An extractor on each device; those where it does not come out the same are left out."""
        if name not in self._lanes:
            first = self._prepared(name)
            lanes = self._lanes[name] = [Lane(first.extractor, self._runtime.device)]
            for device in self._also_on:
                try:
                    found = self._prepare(name, replace(self._runtime, device=device))
                except (UnavailableError, PluginError) as error:
                    why = error.message
                else:
                    if (found.card, found.computed_by) == (first.card, first.computed_by):
                        lanes.append(Lane(found.extractor, device))
                        continue
                    why = "it has other weights or another convention there"
                text = f"{device} computes no features of {name}: {why}"
                self._runtime.tell(Message(text, "warning"))
        return self._lanes[name]

    def leave_other_devices(self) -> None:
        """Compute on the first device alone from now on: others have work for the rest."""
        self._also_on = ()
        self._lanes.clear()
        torch.cuda.empty_cache()  # which starts no CUDA

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
        packages = self._prepared(name).computed_by
        whose = self._described(name)
        whole: Features | None = None
        chunk = _CHUNK_ON_CPU if images.device.type == "cpu" else _CHUNK
        lanes, check = self._on_all_devices(name), self._runtime.stop.check
        began, done = monotonic(), 0
        for part in in_chunks(lanes, images, chunk, whose, check):
            start, done = done, done + len(part.features)
            # small results that are kept between a network's large ones leave holes in memory
            whole = whole or Features(
                part.features.new_empty((len(images), *part.features.shape[1:])),
                None
                if part.logits is None
                else part.logits.new_empty((len(images), *part.logits.shape[1:])),
            )
            check_width(part, whole, whose)
            whole.features[start:done] = part.features
            if whole.logits is not None and part.logits is not None:
                whole.logits[start:done] = part.logits
            self._runtime.progress(f"{task}: {name}", done, len(images))
            if start == 0 and task == _REAL:
                seconds_each = (monotonic() - began) / done
                self._foretell(name, len(images), seconds_each / len(lanes))
        assert whole is not None, "there are images"
        self._computed_by |= packages
        return whole

    def real(self, name: str, images: DeviceImages) -> Features:
        """Features of real images, computed once for a content and an extractor, ever."""
        content = _content_hash(images.images)
        key = (name, content)
        if key not in self._real:
            card = asdict(self.card(name))
            file = f"{name.replace(':', '-')}-{stable_id({'content': content, 'card': card})}"
            found = self._kept(file, name, len(images.images))
            if found is None:
                found = self.extract(name, images.images, _REAL)
                self._keep(file, name, found)
            self._real[key] = Marked.of(found)
        return self._real[key].value

    def _foretell(self, name: str, n: int, seconds_each: float) -> None:
        """Say how long features of many images take, and that they do so once."""
        seconds = n * seconds_each
        if seconds >= _LONG:
            text = (
                f"features of {n:,} real images ({name}) take {about(seconds)}, and are then kept"
            )
            self._runtime.tell(Message(text))

    def _kept(self, file: str, name: str, n: int) -> Features | None:
        """Features of ``n`` real images from the disk, if they are there and as they were."""

        def again(reason: str) -> None:
            text = f"The features of real images ({name}) in the cache are not used ({reason}); "
            self._runtime.tell(Message(f"{text}they are extracted again.", "warning"))

        saved = self._disk.load(file, again)
        if saved is None:
            return None
        try:
            found = Features(saved["features"], saved["logits"])
            check_part(found, n, torch.device("cpu"), name)
            packages = dict(saved.get(_COMPUTED_BY, {}))
        except (LookupError, TypeError, ValueError, PluginError):
            again("they are no features of these images")
            return None
        if not packages.keys() <= self._prepared(name).computed_by.keys():
            # where torch alone is asked for, features have the bits of torch's
            return None
        self._computed_by |= packages
        device, logits = self._runtime.device, found.logits
        return Features(found.features.to(device), None if logits is None else logits.to(device))

    def _keep(self, file: str, name: str, found: Features) -> None:
        """Write features to the cache, which only saves time: where it cannot, warn once."""
        try:
            sweep_abandoned(self._disk.folder)
            packages = dict(self._prepared(name).computed_by)
            state = {"features": found.features, "logits": found.logits, _COMPUTED_BY: packages}
            self._disk.save(file, state)
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
