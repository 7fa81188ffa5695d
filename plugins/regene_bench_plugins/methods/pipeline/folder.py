"""Which files of a folder that diffusers wrote are opened: read from its indexes, before any is.

A part is of a class of diffusers' own that is named here, and has its weights in safetensors: a
folder can name classes of other libraries, whose code would be run, and other formats can hold
programs. What is opened is what the digest is of.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NETWORKS: Mapping[str, tuple[str, ...]] = {
    "transformer": ("DiTTransformer2DModel",),
    "unet": ("UNet2DModel",),
}
DECODERS: Mapping[str, tuple[str, ...]] = {
    "vae": ("AutoencoderKL", "VQModel"),
    "vqvae": ("VQModel",),
}
# whose steps take what is given here, draw from the generators that they are given, and end
SCHEDULERS = (
    "DDIMScheduler",
    "DDPMScheduler",
    "DEISMultistepScheduler",
    "DPMSolverMultistepScheduler",
    "DPMSolverSinglestepScheduler",
    "EulerAncestralDiscreteScheduler",
    "EulerDiscreteScheduler",
    "HeunDiscreteScheduler",
    "LMSDiscreteScheduler",
    "UniPCMultistepScheduler",
)
_INDEX = "model_index.json"
_WEIGHTS = "diffusion_pytorch_model.safetensors"
_WRAP = "wrap it in a function, and give pipeline.source=FILE.py:function"


@dataclass(frozen=True)
class Part:
    """A part of a pipeline.

    Attributes:
        name: Its folder's.
        kind: Name of its class in diffusers.
    """

    name: str
    kind: str


@dataclass(frozen=True)
class Folder:
    """A pipeline's folder.

    Attributes:
        path: Where it lies.
        network: What predicts.
        scheduler: What steps.
        decoder: What turns latents into images, if the network's images are latents.
        labels: Names of classes by number, as they stand there: with commas between several.
        files: All that is opened, in a fixed order.
    """

    path: Path
    network: Part
    scheduler: Part
    decoder: Part | None
    labels: Mapping[int, str]
    files: tuple[Path, ...]

    @classmethod
    def read(cls, path: Path) -> Folder:
        """Read a folder's indexes.

        Raises:
            ValueError: It lacks something, or has what is not opened.
            OSError: A file cannot be read.
        """
        if not (path / _INDEX).is_file():
            raise ValueError(
                f"{path} has no {_INDEX}, which every folder that diffusers' `save_pretrained` "
                "wrote has"
            )
        index = _json(path / _INDEX)
        network, decoder = _part(path, index, NETWORKS), _part(path, index, DECODERS)
        if network is None:
            raise ValueError(
                f"{path} has neither {' nor '.join(NETWORKS)}, so that it is no image generator "
                f"that is opened here: {_WRAP}"
            )
        scheduler = _part(path, index, {"scheduler": SCHEDULERS})
        if scheduler is None:
            raise ValueError(f"{path} has no scheduler")
        files = [path / _INDEX, path / scheduler.name / "scheduler_config.json"]
        for part in (network, decoder):
            if part is not None:
                files += [path / part.name / "config.json", *_weights(path / part.name)]
        for file in files:
            if not file.is_file():
                raise ValueError(f"{path} has no {file.relative_to(path)}")
        return cls(path, network, scheduler, decoder, _labels(path, index), tuple(files))


def _part(
    path: Path, index: Mapping[str, Any], known: Mapping[str, tuple[str, ...]]
) -> Part | None:
    """The first of some parts that a folder has."""
    for name, kinds in known.items():
        told = index.get(name)
        if told is None or told == [None, None]:
            continue
        library, kind = told if isinstance(told, list) and len(told) == 2 else (None, told)
        if library != "diffusers" or kind not in kinds:
            raise ValueError(
                f"{path} has {kind!r} of {library!r} as its {name}, and opened are of diffusers "
                f"{', '.join(kinds)}: {_WRAP}"
            )
        return Part(name, str(kind))
    return None


def _weights(folder: Path) -> list[Path]:
    """The files of a network's weights: one, or an index and the shards that it names.

    Raises:
        ValueError: They are no safetensors, or elsewhere.
    """
    if (folder / _WEIGHTS).is_file() and not (folder / f"{_WEIGHTS}.index.json").exists():
        return [folder / _WEIGHTS]
    index = folder / f"{_WEIGHTS}.index.json"
    if not index.is_file():
        raise ValueError(
            f"{folder} has no weights as safetensors ({_WEIGHTS}); other formats can hold "
            "programs, and are not opened: save it again by diffusers, "
            "pipeline.save_pretrained(folder, safe_serialization=True)"
        )
    told = _json(index).get("weight_map")
    names = sorted({str(name) for name in told.values()}) if isinstance(told, dict) else []
    strange = [n for n in names if Path(n).name != n or not n.endswith(".safetensors")]
    if strange or not names:
        what = strange[0] if strange else "no files"
        raise ValueError(f"{index} names {what!r} as weights, and opened are safetensors beside it")
    return [index, *(folder / name for name in names)]


def _labels(path: Path, index: Mapping[str, Any]) -> Mapping[int, str]:
    told = index.get("id2label") or {}
    try:
        return {int(number): str(text) for number, text in dict(told).items()}
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path / _INDEX}: id2label has no numbers with names") from error


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise ValueError(f"{path} is no JSON object")
    return found
