"""What an extractor's features depend on: its card and the training images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from regene_bench.plugins.host import PluginHost
from regene_bench.testing.cache import empty_cache
from regene_bench.testing.check import NotApplicable, require
from regene_bench.testing.extractors.prepared import (
    GREY,
    TOLERANCE,
    ExtractorSubject,
    error_of,
    features,
    pictures,
)
from regene_bench.testing.second_process import entry_told
from regene_bench.testing.stripes import another_test_split, striped_data


def equal_cards_mean_equal_features(subject: ExtractorSubject) -> None:
    """Prepared anew, here or in a second process without a cache, an extractor of one card gives
    an image the same features, to one part in 100,000: rows are compared by the card.

    Mend: load the weights that the card's hash is of, or initialise with a fixed seed; iterate over
    ``sorted(…)`` instead of over a set, and never seed with ``hash``, which is another in every
    process (``PYTHONHASHSEED``).
    """
    images = pictures(GREY)
    expected = features(subject.grey, images)
    if not torch.equal(features(subject.grey, images), expected):
        raise NotApplicable("no two are equal: see the-same-images-have-the-same-features")
    if subject.again.card == subject.grey.card:
        error = error_of(features(subject.again, images), expected)
        require(error <= TOLERANCE, f"prepared again, features are off by {error:.3g}")
    error = error_of(subject.elsewhere[0], expected)
    require(error <= TOLERANCE, f"in a second process, features are off by {error:.3g}")


def features_do_not_depend_on_held_out_images(subject: ExtractorSubject) -> None:
    """Prepared beside other held-out images (``data.test``), an extractor gives the same features,
    to one part in 100,000.

    Mend: train, whiten and normalise by ``data.train`` alone.
    """
    same, other = subject.elsewhere
    if error_of(same, features(subject.grey, pictures(GREY))) > TOLERANCE:
        raise NotApplicable("no two are equal: see equal-cards-mean-equal-features")
    error = error_of(other, same)
    require(error <= TOLERANCE, f"beside other held-out images, features are off by {error:.3g}")


def features_elsewhere(entry: dict[str, Any], folder: str, threads: int) -> Any:
    """In the second process: features of an extractor prepared on two data sets, as lists."""
    from regene_bench.base.events import silent

    torch.set_num_threads(threads)
    subject = ExtractorSubject(entry_told(entry), Path(folder), PluginHost(), silent)
    data = striped_data(GREY)
    with empty_cache(Path(folder) / "cache"):
        return [
            features(subject.prepared_on(one), pictures(GREY)).tolist()
            for one in (data, another_test_split(data))
        ]
