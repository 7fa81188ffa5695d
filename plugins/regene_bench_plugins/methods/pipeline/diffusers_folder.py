"""A folder that diffusers wrote: a transformer or a U-Net that sees classes, and a scheduler.

The parts are opened one by one, from a list of classes of diffusers' own and from safetensors
alone, so that nothing that lies in the folder is run. The loop over noise levels is the one of
diffusers' ``DiTPipeline``, for both kinds of network, but for two things: the class that stands for
none is the network's last one (there it is 1000, whatever the network has), and each sample has a
random generator of its own, so that it does not depend on which others are drawn beside it.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from regene_bench.api import MethodError, SampleRng, UnavailableError, derive_seed

_NETWORKS = {"transformer": ("DiTTransformer2DModel",), "unet": ("UNet2DModel",)}
_DECODERS = {"vae": ("AutoencoderKL", "VQModel"), "vqvae": ("VQModel",)}
_START, _STEPS = "pipeline", "pipeline steps"
_INSTALL = "pip install 'regene-bench[diffusers]'"


def open_folder(
    source: str, steps: int, guidance: float, null_class: int | None, device: torch.device
) -> DiffusersSampler:
    """Open a folder.

    Args:
        source: The folder.
        steps: Noise levels of the scheduler.
        guidance: Factor on what the class adds; 1 for none.
        null_class: The model's number for no class; ``None`` for the one that the network tells.
        device: Where it shall compute.

    Raises:
        UnavailableError: diffusers is not installed.
        MethodError: The folder holds what is not opened, or lacks something.
    """
    try:
        import diffusers
    except ImportError as error:
        raise UnavailableError(f"{source} is opened by diffusers.", hint=_INSTALL) from error
    folder = Path(source).expanduser()
    index = _index(folder)
    network = _open_one(diffusers, folder, index, _NETWORKS)
    if network is None:
        raise MethodError(
            f"{folder} has neither {' nor '.join(_NETWORKS)}: it is no image generator that is "
            "opened here.",
            hint="Wrap it in a function, and give pipeline.source=FILE.py:function.",
        )
    decoder = _open_one(diffusers, folder, index, _DECODERS)
    scheduler = _open_scheduler(diffusers, folder, index)
    parts = (network.to(device).eval(), decoder and decoder.to(device).eval(), scheduler)
    return DiffusersSampler(*parts, index.get("id2label") or {}, steps, guidance, null_class)


class DiffusersSampler:
    """Draws by a scheduler's steps.

    Args:
        network: Predicts what the scheduler takes, of noisy images, time and class.
        decoder: Maps latents to images, if the network's images are latents.
        scheduler: Goes from noise to images.
        labels: Names of classes by number, with commas between several of one.
        steps: Noise levels.
        guidance: Factor on what the class adds (Ho & Salimans 2022); 1 for none.
        null_class: As of ``open_folder``.

    Raises:
        MethodError: There is guidance, and no class that stands for none.
    """

    def __init__(
        self,
        network: Any,
        decoder: Any | None,
        scheduler: Any,
        labels: Mapping[str, str],
        steps: int,
        guidance: float,
        null_class: int | None,
    ) -> None:
        self._network = network
        self._decoder = decoder
        self._scheduler = scheduler
        self._steps = steps
        self._guidance = guidance
        self.names = {
            name.strip(): int(number) for number, text in labels.items() for name in text.split(",")
        }
        sizes = network.config
        if "num_embeds_ada_norm" in sizes:
            self.classes: int | None = sizes.num_embeds_ada_norm
            null_class = self.classes if null_class is None else null_class
        else:
            # of a U-Net that was trained for guidance one class stands for none
            told = sizes.num_class_embeds
            self.classes = told if told is None or null_class is None else told - 1
        self.labelled = self.classes is not None
        self._null = null_class
        if guidance != 1 and self.labelled and null_class is None:
            raise MethodError(
                "pipeline.guidance needs a class of the U-Net that stands for none.",
                hint="Give its number, pipeline.null_class, if it was trained with one; else set "
                "pipeline.guidance=1.",
            )
        takes = inspect.signature(scheduler.step).parameters
        self._draws_noise = "generator" in takes

    @torch.inference_mode()
    def draw(self, classes: Tensor, rng: SampleRng) -> Tensor:
        """As of ``Sampler``."""
        scheduler, device = self._scheduler, classes.device
        generators = [
            torch.Generator(device).manual_seed(derive_seed(rng.seed, _STEPS, rng.start + i))
            for i in range(len(classes))
        ]
        more = {"generator": generators} if self._draws_noise else {}
        scheduler.set_timesteps(self._steps, device=device)
        noise = rng.normal(len(classes), self._noise_shape, _START).to(device)
        images: Tensor = noise * scheduler.init_noise_sigma
        for time in scheduler.timesteps:
            predicted = self._predicted(scheduler.scale_model_input(images, time), time, classes)
            images = scheduler.step(predicted, time, images, **more).prev_sample
        if self._decoder is not None:
            images = self._decoder.decode(images / self._decoder.config.scaling_factor).sample
        return images / 2 + 0.5

    @property
    def _noise_shape(self) -> tuple[int, ...]:
        sizes = self._network.config
        side = sizes.sample_size
        return (sizes.in_channels, *((side, side) if isinstance(side, int) else side))

    def _predicted(self, images: Tensor, time: Tensor, classes: Tensor) -> Tensor:
        if not self.labelled or self._guidance == 1 or self._null is None:
            return self._of_classes(images, time, classes)
        every = torch.cat([classes, torch.full_like(classes, self._null)])
        both = self._of_classes(torch.cat([images, images]), time, every)
        with_class, without = both.chunk(2)
        return without + self._guidance * (with_class - without)

    def _of_classes(self, images: Tensor, time: Tensor, classes: Tensor) -> Tensor:
        times = time.to(images.device).expand(len(images))
        labels = {"class_labels": classes} if self.labelled else {}
        found: Tensor = self._network(images, timestep=times, **labels).sample
        # behind the prediction a network may tell the variance of its steps
        return found[:, : images.shape[1]]


def _index(folder: Path) -> dict[str, Any]:
    path = folder / "model_index.json"
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MethodError(f"{path} cannot be read: {error}") from error
    if not isinstance(index, dict):
        raise MethodError(f"{path} is no JSON object.")
    return index


def _open_one(
    diffusers: Any, folder: Path, index: Mapping[str, Any], known: Mapping[str, tuple[str, ...]]
) -> Any | None:
    """Open the first of some parts that the folder has."""
    for part, classes in known.items():
        if index.get(part) not in (None, [None, None]):
            name = _class_of(folder, part, index[part], classes)
            if not any((folder / part).glob("*.safetensors")):
                raise MethodError(
                    f"{folder / part} has no weights as safetensors; other formats can hold "
                    "programs, and are not opened.",
                    hint="Save it again by diffusers: "
                    "pipeline.save_pretrained(folder, safe_serialization=True).",
                )
            return _opened(getattr(diffusers, name), folder / part, use_safetensors=True)
    return None


def _open_scheduler(diffusers: Any, folder: Path, index: Mapping[str, Any]) -> Any:
    schedulers = tuple(name for name in dir(diffusers) if name.endswith("Scheduler"))
    name = _class_of(folder, "scheduler", index.get("scheduler"), schedulers)
    return _opened(getattr(diffusers, name), folder / "scheduler")


def _class_of(folder: Path, part: str, told: Any, known: tuple[str, ...]) -> str:
    """The class of a part, if it is one of diffusers' that is opened here."""
    library, name = told if isinstance(told, list) and len(told) == 2 else (None, told)
    if library != "diffusers" or name not in known:
        words = known if len(known) < 5 else ("one of its schedulers",)
        raise MethodError(
            f"{folder} has {name!r} of {library!r} as its {part}; opened are of diffusers "
            f"{' and '.join(words)}.",
            hint="Wrap it in a function, and give pipeline.source=FILE.py:function.",
        )
    return str(name)


def _opened(kind: Any, folder: Path, **options: Any) -> Any:
    try:
        return kind.from_pretrained(folder, local_files_only=True, **options)
    except (OSError, ValueError, TypeError, RuntimeError, KeyError) as error:
        why = (str(error).splitlines() or [""])[0]
        raise MethodError(f"{folder} cannot be opened: {type(error).__name__}: {why}") from error
