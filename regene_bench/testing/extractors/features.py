"""An image's features are its own: of the stated form, and of nothing around it."""

from __future__ import annotations

import torch

from regene_bench.testing.check import require
from regene_bench.testing.extractors.prepared import (
    GREY,
    RGB,
    TOLERANCE,
    ExtractorSubject,
    error_of,
    features,
    pictures,
)


def the_card_describes_the_features(subject: ExtractorSubject) -> None:
    """From uint8 images, grey and RGB, come features float32 ``[N, D]`` with the card's D, finite,
    and, if there are any, logits ``[N, K]``; different images have different features.

    Mend: repeat grey images to three channels for a network that wants RGB; convert features to
    float32; state the D that ``extract`` returns.
    """
    for shape, extractor in ((GREY, subject.grey), (RGB, subject.rgb)):
        images = pictures(shape)
        with torch.inference_mode():
            found = extractor.extract(images)
        size = f"images of {shape.channels}×{shape.height}×{shape.width}"
        expected = (len(images), extractor.card.feature_dim)
        shown = f"{found.features.dtype} {list(found.features.shape)}"
        right = tuple(found.features.shape) == expected and found.features.dtype == torch.float32
        require(right, f"{size} give {shown}, not float32 {list(expected)}")
        require(bool(torch.isfinite(found.features).all()), f"{size} give values not finite")
        if found.logits is not None:
            rows = found.logits.ndim == 2 and len(found.logits) == len(images)
            require(rows, f"{size} give logits {list(found.logits.shape)}, not [{len(images)}, K]")
        nearest = float(torch.pdist(found.features.double()).min())
        require(nearest > 0, f"two different {size} have the same features")


def the_same_images_have_the_same_features(subject: ExtractorSubject) -> None:
    """Twice the same images have the same features to the last bit.

    Mend: put the network into evaluation mode; draw nothing.
    """
    images = pictures(GREY)
    first, again = features(subject.grey, images), features(subject.grey, images)
    require(torch.equal(first, again), f"off by {error_of(again, first):.3g} of their length")


def features_do_not_depend_on_the_batch(subject: ExtractorSubject) -> None:
    """An image has the same features alone, in a batch, and among other neighbours, to one part in
    100,000.

    Mend: put the network into evaluation mode (batch normalisation mixes a batch); scale each
    image by constants, never by a batch's minimum or maximum.
    """
    images = pictures(GREY)
    whole = features(subject.grey, images)
    alone = torch.cat([features(subject.grey, image[None]) for image in images])
    error = error_of(alone, whole)
    require(error <= TOLERANCE, f"alone, an image's features are off by {error:.3g}")
    others = images.clone()
    others[1:] = 255 - others[1:]
    error = error_of(features(subject.grey, others)[:1], whole[:1])
    require(error <= TOLERANCE, f"beside other images, features are off by {error:.3g}")


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
    error = error_of(found, expected)
    require(error <= TOLERANCE, f"under autocast, features are off by {error:.3g}")
