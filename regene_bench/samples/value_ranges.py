"""What to do with pixels of another range or type than an image's.

A remedy is followed, and what comes out is scored. So each says what it holds for, and none leads
to images that are accepted and wrong: what is divided stays in [0, 1] and is rounded by the reader,
where a cast of small floats to uint8 would leave black.
"""

from __future__ import annotations

from typing import Any

import numpy as np

# A decoder without a last activation misses [0, 1] by some hundredths, seldom by a fifth.
_OVERSHOOT = 0.25
# Images in [-1, 1] have dark pixels; nothing that was meant for [0, 1] goes below this.
_DARK = -0.5
# In images whose white is 1 some pixel is brighter than this.
_BRIGHT = 0.75
# Of 8-bit images some pixel is in the upper half; below that they may have fewer bits.
_EIGHT_BITS = (128, 260)
# 5 bits in place of 8
_DARKER = 8

_CLIP = "if black is 0 and white 1: x.clip(0, 1)"
_SHIFT = "if black is -1 and white 1: ((x + 1) / 2).clip(0, 1)"
_DIVIDE = "if black is 0 and white 255: (x / 255).clip(0, 1)"
_ANY = "with the values of black and white in them: ((x - black) / (white - black)).clip(0, 1)"
_NORMALISED = (
    "undo what they were normalised with, so that black is 0 and white 1: "
    "(x * deviation + mean).clip(0, 1)"
)


def darkness(images: np.ndarray, brightest: int) -> tuple[str, ...]:
    """Note that images are so dark that they may be of fewer bits, or floats that were cast.

    Args:
        images: uint8 ``[N, C, H, W]``.
        brightest: Value of the brightest pixel of the real images.
    """
    own = int(images.max())
    if own * _DARKER > brightest:
        return ()
    return (
        f"the brightest of all pixels is {own}, of the real images {brightest}: is white "
        f"{own or 'so dark'} in these files?",
    )


def remedy_of_range(low: float, high: float) -> str:
    """Say how numbers ``x`` from ``low`` to ``high`` become images in [0, 1]."""
    return f"Convert them first; {'; or '.join(_ways(low, high))}."


def _ways(low: float, high: float) -> tuple[str, ...]:
    if low >= -1 - _OVERSHOOT and high <= 1 + _OVERSHOOT:
        near = (_CLIP,) if low >= -_OVERSHOOT else (_SHIFT,) if low <= _DARK else (_CLIP, _SHIFT)
        # without a pixel near it, white may be something else than 1
        return near if high >= _BRIGHT else (*near, _ANY)
    if low >= -_OVERSHOOT * _EIGHT_BITS[0] and high >= _EIGHT_BITS[0]:
        return (_DIVIDE, _ANY) if high <= _EIGHT_BITS[1] else (_ANY,)
    # numbers on both sides of zero, but no whole ones of some bits
    return (_NORMALISED, _ANY) if low < -_OVERSHOOT else (_ANY,)


def remedy_of_type(dtype: np.dtype[Any], low: float, high: float) -> str:
    """Say how values of another type than uint8 and floats become images.

    Args:
        dtype: Their type.
        low: The smallest of them.
        high: The largest of them, not below ``low`` unless there are none.
    """
    wanted = "Images are uint8 in 0..255, or floats in [0, 1]."
    if dtype.kind == "b":
        return f"{wanted} Convert them first; if True is white: x * 1.0."
    if dtype.kind not in "iu" or low > high:
        return wanted
    # whole numbers become floats first: int8 has no room for the difference of its ends
    ways = _ways(low, high)
    text = "; or ".join(ways).replace("(x", "(1.0 * x").replace(" x.clip", " (1.0 * x).clip")
    return f"{wanted} Convert them first; {text}."
