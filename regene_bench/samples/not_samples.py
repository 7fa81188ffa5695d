"""What is handed over in place of samples by mistake, and how it is given instead."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from regene_bench.base.errors import DataError, UsageError
from regene_bench.data.class_names import LABEL_NAMES
from regene_bench.data.named_arrays import IMAGE_NAMES

_IMAGES: Final = ("image", "img", *IMAGE_NAMES)
_LABELS: Final = (*LABEL_NAMES, "arr_1")
_MOST_KEYS: Final = 6


def refuse_named_parts(samples: Any) -> None:
    """Refuse dictionaries of arrays or of splits, and lists of paths.

    Raises:
        DataError: It is one.
    """
    if isinstance(samples, list | tuple) and samples and isinstance(samples[0], str | Path):
        raise DataError(
            f"A {type(samples).__name__} of paths is no images.",
            hint="Give their folder as one path, or open them: "
            "[PIL.Image.open(path) for path in paths].",
        )
    if not isinstance(samples, Mapping):
        return
    keys = [str(key) for key in samples]
    shown = ", ".join(keys[:_MOST_KEYS]) + (", …" if len(keys) > _MOST_KEYS else "")
    raise DataError(
        f"The samples are a {type(samples).__name__} of {shown or 'nothing'}.",
        hint=_way_in(samples, keys),
    )


def _way_in(samples: Mapping[Any, Any], keys: list[str]) -> str:
    image = next((name for name in _IMAGES if name in samples), None)
    label = next((name for name in _LABELS if name in samples), None)
    if image and label:
        return f"Give a pair of what it holds: (samples[{image!r}], samples[{label!r}])."
    example = image or (keys[-1] if keys else "images")
    return f"Give what it holds: samples[{example!r}]."


def refuse_as_reference(against: Any) -> None:
    """Refuse labels in the place of the benchmark's name.

    Raises:
        UsageError: It is neither a name nor a path.
    """
    if not isinstance(against, str | Path):
        raise UsageError(
            f"The benchmark is given by its name or path, not by an object of type "
            f"{type(against).__name__}.",
            hint='Labels come after it: score(samples, "digits", labels).',
        )
