"""Calls into extractors: what they raise and what they give is held to their contract."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

import torch
from torch import Tensor

from regene_bench.base.errors import DataError, MethodError, PluginError
from regene_bench.base.guard import guarded
from regene_bench.base.hashing import canonical_json
from regene_bench.base.text import text_of
from regene_bench.data.device_images import BenchmarkData
from regene_bench.evaluation.extractor import ExtractorCard, FeatureExtractor, Features
from regene_bench.runtime.process_state import kept_process_state
from regene_bench.runtime.runtime import Runtime

_OTHERS = "Tell its authors; metrics with other extractors are measured."


class Prepared(NamedTuple):
    """An extractor that is ready, and what it says of itself."""

    extractor: FeatureExtractor
    card: ExtractorCard
    computed_by: Mapping[str, str]


def prepared(
    kind: type[FeatureExtractor],
    options: Mapping[str, Any],
    data: BenchmarkData,
    runtime: Runtime,
    whose: str,
) -> Prepared:
    """Make an extractor and prepare it.

    Args:
        kind: Its class.
        options: From the protocol; it gets a copy.
        data: As of ``FeatureExtractor.prepare``.
        runtime: The same.
        whose: What it is and whose, as the beginning of a sentence.

    Returns:
        The extractor with what it says of itself, which is asked for once.

    Raises:
        UnavailableError: Its weights are not to be had.
        PluginError: It fails, or its card cannot stand in a row.
    """
    try:
        with guarded(f"{whose}, while it was prepared,", _OTHERS), kept_process_state():
            extractor = kind(copy.deepcopy(options))
            extractor.prepare(data, runtime)
            card, computed_by = extractor.card, dict(extractor.computed_by)
    except (MethodError, DataError) as error:
        raise PluginError(f"{whose} cannot be prepared: {text_of(error)}", hint=_OTHERS) from error
    _check_card(card, whose)
    if not all(isinstance(text, str) for text in (*computed_by, *computed_by.values())):
        raise PluginError(
            f"{whose} is computed_by {computed_by!r:.80}, no versions by packages' names.",
            hint=_OTHERS,
        )
    return Prepared(extractor, card, computed_by)


def extracted(extractor: FeatureExtractor, images: Tensor, whose: str) -> Features:
    """Extract features of some images, of which the extractor gets a copy.

    Args:
        extractor: A prepared one.
        images: uint8 ``[N, C, H, W]``.
        whose: As of ``prepared``.

    Raises:
        PluginError: It fails, or gives no finite row an image.
    """
    with guarded(whose, _OTHERS), torch.inference_mode():
        part = extractor.extract(images.clone())
        check_part(part, len(images), images.device, whose)
    return part


def check_width(part: Features, whole: Features, whose: str) -> None:
    """Hold a part to the shape of those before it.

    Raises:
        PluginError: It has another number of features or logits.
    """
    for what in ("features", "logits"):
        now, before = getattr(part, what), getattr(whole, what)
        if (now is None) != (before is None) or (
            now is not None and now.shape[1:] != before.shape[1:]
        ):
            found = "none" if now is None else list(now.shape)
            expected = "none" if before is None else ["N", *before.shape[1:]]
            raise PluginError(
                f"{whose} gave {what} of shape {found}, not {expected} as for the images before.",
                hint=_OTHERS,
            )


def _check_card(card: ExtractorCard, whose: str) -> None:
    if not isinstance(card, ExtractorCard):
        raise PluginError(f"{whose} has a {type(card).__name__} for its card.", hint=_OTHERS)
    texts = ("id", "weights_sha256", "preprocess_id", "dtype")
    wrong = [name for name in texts if not isinstance(getattr(card, name), str)]
    if wrong:
        raise PluginError(
            f"{whose}: {wrong[0]} on its card is {getattr(card, wrong[0])!r:.80}, no text.",
            hint=_OTHERS,
        )
    with guarded(f"{whose}: its card", _OTHERS):
        canonical_json(asdict(card))


def check_part(part: Features, n: int, device: torch.device, whose: str) -> None:
    """Hold features of some images to their contract.

    Args:
        part: The features.
        n: Of how many images.
        device: Where they are to be.
        whose: As of ``prepared``.

    Raises:
        PluginError: They are not finite floats, a row an image, there.
    """
    if not isinstance(part, Features):
        raise PluginError(f"{whose} gave a {type(part).__name__}, not Features.", hint=_OTHERS)
    for what in ("features", "logits"):
        found = getattr(part, what)
        if found is None and what == "logits":
            continue
        if not isinstance(found, Tensor) or found.ndim != 2 or len(found) != n:
            shape = list(found.shape) if isinstance(found, Tensor) else type(found).__name__
            raise PluginError(
                f"{whose} gave {what} of shape {shape} for {n} images, not [{n}, D].", hint=_OTHERS
            )
        if not found.is_floating_point() or found.device != device:
            raise PluginError(
                f"{whose} gave {what} in {found.dtype} on {found.device} for images on "
                f"{device}; they are to be float32 there.",
                hint=_OTHERS,
            )
        if not bool(torch.isfinite(found).all()):
            bad = int((~torch.isfinite(found)).any(dim=1).sum())
            raise PluginError(
                f"{whose} gave {what} that are not finite for {bad} of {n} images.", hint=_OTHERS
            )
