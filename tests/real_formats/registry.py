"""All formats, in the order of the table in ``docs/formats.md``."""

from __future__ import annotations

from tests.real_formats import folders, hugging_face, tensors, torchvision_sets

FORMATS = (
    *folders.FORMATS,
    *torchvision_sets.FORMATS,
    *hugging_face.FORMATS,
    *tensors.FORMATS,
)
