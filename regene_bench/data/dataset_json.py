"""The labels of StyleGAN's and EDM's data sets: ``dataset.json`` beside numbered images."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from regene_bench.base.errors import DataError
from regene_bench.data.image_listing import ImageListing, same_spelling

DATASET_JSON: Final = "dataset.json"
_FORM = 'It reads {"labels": [["00000/img00000000.png", 6], …]}, or {"labels": null}.'
Label = int | str


@dataclass(frozen=True)
class JsonLabels:
    """Labels of all images of one place, from a file beside them.

    Attributes:
        values: Numbers int64 ``[N]``, or names ``[N]`` (``<U``), in the order of the images.
        n_classes: How many classes one-hot vectors count; None where labels are no vectors.
        superfluous: How many labels are of images that are not there.
        file: Name of the file.
    """

    values: np.ndarray
    n_classes: int | None
    superfluous: int
    file: str = DATASET_JSON

    def notes(self) -> tuple[str, ...]:
        """Say what does not fit together."""
        if not self.superfluous:
            return ()
        return (f"{self.file} labels images that are not there: {self.superfluous}",)


def at_its_labels(listing: ImageListing) -> ImageListing:
    """Leave out the folders of a zip around ``dataset.json``, if all images lie beside or below it.

    The listing of a folder is returned as it is, and so is one without such a file.
    """
    places = [name for name in listing.others if name.endswith(f"/{DATASET_JSON}")]
    if listing.archive is None or DATASET_JSON in listing.others or not places:
        return listing
    around = min(places, key=len).removesuffix(f"/{DATASET_JSON}")
    inside = all(name.startswith(f"{around}/") for name in listing.images)
    return listing.below(around) if inside else listing


def has_label_list(listing: ImageListing) -> bool:
    """Tell whether a place has labels in StyleGAN's way, be it only to say that there are none.

    Raises:
        DataError: Its ``dataset.json`` is no JSON.
    """
    return DATASET_JSON in listing.others and "labels" in _parsed(listing)


def read_dataset_json(listing: ImageListing) -> JsonLabels | None:
    """Read the label of each image of a place for which ``has_label_list``.

    Labels are integers, names, or one-hot vectors, as lists of pairs or as an object.

    Returns:
        None where the file says that there are no labels (``null``).

    Raises:
        DataError: An image has no label or two, or labels are of another kind.
    """
    where = str(listing.place / DATASET_JSON)
    given = _parsed(listing)["labels"]
    if given is None:
        return None
    labels = _by_name(given, where)
    missing = [name for name in listing.images if name not in labels]
    if missing:
        raise DataError(
            f"{where} has no label for {len(missing)} of {len(listing.images)} images, such as "
            f"{missing[0]}.",
            hint="Add them, or take these images out.",
        )
    values, n_classes = _as_array([labels[name] for name in listing.images], where)
    return JsonLabels(values, n_classes, len(labels.keys() - listing.images.keys()))


def _parsed(listing: ImageListing) -> Mapping[str, Any]:
    """Parse the file; one that is no object is somebody else's, and has no labels."""
    try:
        content = json.loads(listing.content(DATASET_JSON).decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"{listing.place / DATASET_JSON} is no JSON: {error}.", hint="Make it again."
        ) from None
    return content if isinstance(content, dict) else {}


def _by_name(given: Any, where: str) -> dict[str, Any]:
    pairs = list(given.items()) if isinstance(given, dict) else given
    if not isinstance(pairs, list):
        raise DataError(f"{where} has labels of type {type(given).__name__}.", hint=_FORM)
    labels: dict[str, Any] = {}
    for pair in pairs:
        if not isinstance(pair, list | tuple) or len(pair) != 2 or not isinstance(pair[0], str):
            raise DataError(f"{where} has the label {str(pair)[:60]}.", hint=_FORM)
        name = same_spelling(pair[0].replace("\\", "/").removeprefix("./"))
        if labels.setdefault(name, pair[1]) != pair[1]:
            raise DataError(f"{where} labels {name} twice, differently.", hint="Take one out.")
    return labels


def _as_array(labels: Sequence[Any], where: str) -> tuple[np.ndarray, int | None]:
    if all(isinstance(label, str) for label in labels):
        return np.array(labels, dtype=np.str_), None
    if all(_is_integer(label) for label in labels):
        return np.array([int(label) for label in labels], dtype=np.int64), None
    if all(_is_one_hot(label) for label in labels) and len({len(v) for v in labels}) == 1:
        return np.array([v.index(1) for v in labels], dtype=np.int64), len(labels[0])
    odds = (x for x in labels if type(x) is not type(labels[0]) or _is_odd(x))
    odd = next(odds, labels[-1])
    raise DataError(
        f"{where} has labels like {str(labels[0])[:40]} and {str(odd)[:40]}.",
        hint="Labels are integers, or class names, or one-hot vectors of one length; take the "
        "entry 'labels' out (null) to leave the images unlabelled.",
    )


def _is_odd(label: Any) -> bool:
    return not (isinstance(label, str) or _is_integer(label) or _is_one_hot(label))


def _is_integer(label: Any) -> bool:
    if isinstance(label, bool) or not isinstance(label, int | float):
        return False
    return abs(label) < 1 << 62 and label == int(label)


def _is_one_hot(label: Any) -> bool:
    return (
        isinstance(label, list)
        and len(label) > 1
        and all(type(value) in (int, float) and value in (0, 1) for value in label)
        and sum(label) == 1
    )
