"""An image's features are its own."""

from __future__ import annotations

import torch
from torch import Tensor

from regene_bench.testing.contract import require
from regene_bench.testing.extractors.subject import GREY, ExtractorSubject, features, pictures

_TOLERANCE = 1e-5


def the_same_images_have_the_same_features(subject: ExtractorSubject) -> None:
    """Twice the same images have the same features to the last bit.

    Mend: put the network into evaluation mode; draw nothing.
    """
    images = pictures(GREY)
    first, again = features(subject.grey, images), features(subject.grey, images)
    require(torch.equal(first, again), f"off by {_error(again, first):.3g} of their length")


def features_do_not_depend_on_the_batch(subject: ExtractorSubject) -> None:
    """An image has the same features alone, in a batch, and among other neighbours, to one part in
    100,000.

    Mend: put the network into evaluation mode (batch normalisation mixes a batch); scale each
    image by constants, never by a batch's minimum or maximum.
    """
    images = pictures(GREY)
    whole = features(subject.grey, images)
    alone = torch.cat([features(subject.grey, image[None]) for image in images])
    error = _error(alone, whole)
    require(error <= _TOLERANCE, f"alone, an image's features are off by {error:.3g}")
    others = images.clone()
    others[1:] = 255 - others[1:]
    error = _error(features(subject.grey, others)[:1], whole[:1])
    require(error <= _TOLERANCE, f"beside other images, features are off by {error:.3g}")


def features_do_not_depend_on_the_surroundings(subject: ExtractorSubject) -> None:
    """Features are computed in the precision that the card states, also inside somebody's
    autocast, and the given images are not changed.

    Mend: wrap the network in ``torch.autocast(device, enabled=False)``; work on a copy.
    """
    images = pictures(GREY)[:3]
    before = images.clone()
    expected = features(subject.grey, images)
    require(torch.equal(images, before), "extract has changed the images")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = features(subject.grey, images)
    error = _error(found, expected)
    require(error <= _TOLERANCE, f"under autocast, features are off by {error:.3g}")


def _error(found: Tensor, expected: Tensor) -> float:
    """Largest difference of one image's features, relative to their length."""
    length = expected.norm(dim=1).clamp_min(torch.finfo(torch.float32).tiny)
    return float(((found - expected).norm(dim=1) / length).max())
