"""Images from a folder that diffusers wrote: a transformer or a U-Net, and a scheduler.

The loop over noise levels is the one of diffusers' ``DiTPipeline``, but for three things: the class
that stands for none is the network's last one (there it is 1000, whatever the network has);
guidance below 1 is guidance, too; and each sample has a random generator of its own, so that it
does not depend on which others are drawn beside it.
"""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import Tensor

from regene_bench.api import MethodError, SampleRng, UnavailableError, derive_seed
from regene_bench_plugins.methods.pipeline.class_mapping import names_of
from regene_bench_plugins.methods.pipeline.folder import Folder, Part
from regene_bench_plugins.methods.pipeline.sampler import Names

_START, _STEPS = "pipeline", "pipeline steps"
_INSTALL = "pip install 'regene-bench[diffusers]'"


def open_folder(
    folder: Folder, steps: int, guidance: float, null_class: int | None, device: torch.device
) -> DiffusionSampler:
    """Open a folder's parts.

    Args:
        folder: Which files.
        steps: Noise levels of the scheduler.
        guidance: Factor on what the class adds; 1 for none.
        null_class: The model's number for no class; ``None`` for the one that the network tells.
        device: Where it shall compute.

    Raises:
        UnavailableError: diffusers is not installed.
        MethodError: A part cannot be opened, or cannot do what is asked for.
    """
    try:
        import diffusers
    except ImportError as error:
        raise UnavailableError(f"{folder.path} is opened by diffusers.", hint=_INSTALL) from error
    network = _network(diffusers, folder, folder.network, device)
    decoder = None
    if folder.decoder is not None:
        decoder = _network(diffusers, folder, folder.decoder, device)
    scheduler = _opened(diffusers, folder, folder.scheduler)
    _check(folder, network, decoder, scheduler, steps)
    classes = _Classes.of(network, null_class, guidance)
    return DiffusionSampler(
        network, decoder, scheduler, classes, names_of(folder.labels), steps, guidance
    )


class _Classes:
    """What a network knows of classes.

    Args:
        count: How many there are, that for none left out if it is the last; ``None`` without any.
        none: The number that stands for none, if there is one.
    """

    def __init__(self, count: int | None, none: int | None) -> None:
        self.count = count
        self.none = none

    @classmethod
    def of(cls, network: Any, null_class: int | None, guidance: float) -> _Classes:
        """Read it off a network.

        Raises:
            MethodError: The class for none is none of the network's, or is not known where there
                is guidance.
        """
        sizes = network.config
        if "num_embeds_ada_norm" in sizes:  # of a transformer, which has one row more for none
            rows, none = sizes.num_embeds_ada_norm + 1, null_class
            none = rows - 1 if none is None else none
        else:
            rows, none = sizes.num_class_embeds, null_class
        if rows is None:
            if null_class is not None or guidance != 1:
                raise MethodError(
                    "pipeline.guidance and pipeline.null_class are for networks that see classes; "
                    "this U-Net has none."
                )
            return cls(None, None)
        if none is not None and none >= rows:
            raise MethodError(
                f"pipeline.null_class={none} is no class of the model, which has 0 to {rows - 1}."
            )
        if guidance != 1 and none is None:
            raise MethodError(
                "pipeline.guidance needs a class of the U-Net that stands for none.",
                hint="Give its number, pipeline.null_class, if it was trained with one; else set "
                "pipeline.guidance=1.",
            )
        return cls(rows - 1 if none == rows - 1 else rows, none)


class DiffusionSampler:
    """Draws by a scheduler's steps.

    Args:
        network: Predicts what the scheduler takes, of noisy images, time and class.
        decoder: Maps latents to images, if the network's images are latents.
        scheduler: Goes from noise to images.
        classes: What the network knows of classes.
        names: Their names.
        steps: Noise levels.
        guidance: Factor on what the class adds (Ho & Salimans 2022); 1 for none.
    """

    def __init__(
        self,
        network: Any,
        decoder: Any | None,
        scheduler: Any,
        classes: _Classes,
        names: Names,
        steps: int,
        guidance: float,
    ) -> None:
        self._network = network
        self._decoder = decoder
        self._scheduler = scheduler
        self._steps = steps
        self._guidance = guidance
        self._none = classes.none
        self.names = names
        self.classes = classes.count
        self.labelled = classes.count is not None
        self._draws_noise = "generator" in inspect.signature(scheduler.step).parameters

    @property
    def none(self) -> int | None:
        """The class that stands for none."""
        return self._none

    @torch.inference_mode()
    def draw(self, classes: Tensor, rng: SampleRng) -> Tensor:
        """As of ``Sampler``."""
        scheduler, device = self._scheduler, classes.device
        # on the CPU, whose numbers are the same for every device
        generators = [
            torch.Generator().manual_seed(derive_seed(rng.seed, _STEPS, rng.start + i))
            for i in range(len(classes))
        ]
        more = {"generator": generators} if self._draws_noise else {}
        scheduler.set_timesteps(self._steps, device=device)
        noise = rng.normal(len(classes), self._noise_shape, _START).to(device)
        images: Tensor = noise * scheduler.init_noise_sigma
        for time in scheduler.timesteps:
            predicted = self._predicted(scheduler.scale_model_input(images, time), time, classes)
            images = scheduler.step(predicted, time, images, **more).prev_sample
        return (self._decoded(images) / 2 + 0.5).clamp(0, 1)

    @property
    def _noise_shape(self) -> tuple[int, ...]:
        sizes = self._network.config
        side = sizes.sample_size
        return (sizes.in_channels, *((side, side) if isinstance(side, int) else side))

    def _predicted(self, images: Tensor, time: Tensor, classes: Tensor) -> Tensor:
        if not self.labelled or self._guidance == 1 or self._none is None:
            return self._of_classes(images, time, classes)
        every = torch.cat([classes, torch.full_like(classes, self._none)])
        both = self._of_classes(torch.cat([images, images]), time, every)
        with_class, without = both.chunk(2)
        return without + self._guidance * (with_class - without)

    def _of_classes(self, images: Tensor, time: Tensor, classes: Tensor) -> Tensor:
        times = time.to(images.device).expand(len(images))
        labels = {"class_labels": classes} if self.labelled else {}
        found: Tensor = self._network(images, timestep=times, **labels).sample
        # behind the prediction a network may tell the variance of its steps
        return found[:, : images.shape[1]]

    def _decoded(self, latents: Tensor) -> Tensor:
        if self._decoder is None:
            return latents
        sizes = self._decoder.config
        shifted = latents / sizes.scaling_factor + (sizes.get("shift_factor") or 0.0)
        found: Tensor = self._decoder.decode(shifted).sample
        return found


def _check(folder: Folder, network: Any, decoder: Any | None, scheduler: Any, steps: int) -> None:
    """Refuse what the loop does not do.

    Raises:
        MethodError: Says what.
    """
    if network.config.sample_size is None:
        raise MethodError(f"{folder.path}: the network's config has no sample_size.")
    if network.config.get("class_embed_type") is not None:
        kind = network.config.class_embed_type
        raise MethodError(f"{folder.path}: classes of the kind {kind!r} are not given here.")
    if str(scheduler.config.get("variance_type", "")).startswith("learned"):
        raise MethodError(
            f"{folder.path}: its scheduler takes variances that the network has learned.",
            hint="Save it with diffusers' DDIMScheduler, which needs none: "
            "pipeline.scheduler = DDIMScheduler.from_config(pipeline.scheduler.config).",
        )
    most = scheduler.config.num_train_timesteps
    if steps > most:
        raise MethodError(f"pipeline.steps={steps}, and the scheduler has {most} noise levels.")
    for name in ("latents_mean", "latents_std"):
        if decoder is not None and decoder.config.get(name) is not None:
            raise MethodError(f"{folder.path}: the decoder has {name}, which is not applied here.")


def _network(diffusers: Any, folder: Folder, part: Part, device: torch.device) -> Any:
    opened, info = _opened(diffusers, folder, part, use_safetensors=True, output_loading_info=True)
    for what, words in (("missing_keys", "lack"), ("mismatched_keys", "have another shape of")):
        found = sorted(str(key) for key in info.get(what) or ())
        if found:
            more = f" and {len(found) - 1} more" if len(found) > 1 else ""
            raise MethodError(f"{folder.path / part.name}: the weights {words} {found[0]}{more}.")
    return opened.to(device).eval()


def _opened(diffusers: Any, folder: Folder, part: Part, **options: Any) -> Any:
    place = folder.path / part.name
    try:
        return getattr(diffusers, part.kind).from_pretrained(
            place, local_files_only=True, **options
        )
    except Exception as error:  # diffusers has no exceptions of its own
        why = (str(error).splitlines() or [""])[0]
        raise MethodError(f"{place} cannot be opened: {type(error).__name__}: {why}") from error
