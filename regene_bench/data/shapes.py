"""Words that all contracts share: shapes, presets, splits, augmentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Preset = Literal["quick", "standard", "paper"]
PRESETS: tuple[Preset, ...] = ("quick", "standard", "paper")
Split = Literal["train", "test"]


@dataclass(frozen=True)
class ImageShape:
    """What a network needs to know of a benchmark's images; known before any data is read."""

    channels: int
    height: int
    width: int
    n_classes: int


class Augmentation(BaseModel):
    """The ``[augmentation]`` table of a protocol: what is done to a classifier's training batches.

    Attributes:
        horizontal_flip: Mirror each image with probability one half.
        crop_padding: Pad by this many pixels (reflected) and crop back at a random offset.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    horizontal_flip: bool = False
    crop_padding: int = Field(default=0, ge=0, le=64)
