"""What an encoded image says of itself before it is decoded: size, colours, compression, frames."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from regene_bench.data.frames import frames_left_out
from regene_bench.data.opened import Encoded, open_image
from regene_bench.samples.collection import Size

_GREY_MODES = ("1", "L", "LA", "La", "I", "F")
_TURNED = (5, 6, 7, 8)
_ORIENTATION = 0x0112
# formats that keep no pixel exactly, whatever they are asked for, or hardly ever do
_LOSSY = {"JPEG": "JPEG", "MPO": "JPEG", "AVIF": "AVIF"}
_LOSSY_IN_TIFF = {"jpeg": "JPEG in TIFF", "tiff_jpeg": "JPEG in TIFF", "webp": "WebP in TIFF"}
_HEAD_BYTES = 1 << 16


@dataclass(frozen=True)
class Header:
    """What is known of an image that is not decoded.

    Attributes:
        size: As it will be decoded: turned as its EXIF says.
        is_grey: Whether its pixels are one value each.
        is_16_bit: Whether they are of 16 bits.
        lossy: The lossy compression that its pixels went through, or empty.
        frames_left_out: How many frames of an animation come after the first, which is read.
    """

    size: Size
    is_grey: bool
    is_16_bit: bool
    lossy: str
    frames_left_out: int


def read_header(item: Encoded) -> Header:
    """Read the header of an image.

    Raises:
        Exception: Of many types, on damaged input.
    """
    with open_image(item) as image:
        return header_of(image, item)


def header_of(image: Image.Image, item: Encoded | None = None) -> Header:
    """Read the header of an image that is open.

    Args:
        image: The image.
        item: The file that it was opened from, where it was: some compressions show only there.
    """
    width, height = image.size
    is_16_bit = image.mode.startswith("I;16")
    turned = "exif" in image.info and image.getexif().get(_ORIENTATION) in _TURNED
    return Header(
        (width, height) if turned else (height, width),
        image.mode in _GREY_MODES or is_16_bit,
        is_16_bit,
        _lossy(image, item),
        frames_left_out(image),
    )


def _lossy(image: Image.Image, item: Encoded | None) -> str:
    kind = image.format or ""
    if kind == "TIFF":
        return _LOSSY_IN_TIFF.get(str(image.info.get("compression")), "")
    if kind == "WEBP":
        return "" if item is None or _is_lossless_webp(_head(item)) else "WebP"
    if kind == "JPEG2000":
        return "" if item is None or _is_reversible(_head(item)) else "JPEG 2000"
    return _LOSSY.get(kind, "")


def _head(item: Encoded) -> bytes:
    if isinstance(item, Path):
        with item.open("rb") as file:
            return file.read(_HEAD_BYTES)
    return item[:_HEAD_BYTES]


def _is_lossless_webp(head: bytes) -> bool:
    """Look through the chunks after ``RIFF size WEBP`` for the first that holds pixels."""
    place = 12
    while place + 8 <= len(head):
        name = head[place : place + 4]
        if name in (b"VP8 ", b"VP8L"):
            return name == b"VP8L"
        # a frame of an animation has 16 bytes of its own before its chunks
        length = int.from_bytes(head[place + 4 : place + 8], "little")
        place += 8 + (16 if name == b"ANMF" else length + length % 2)
    return False


def _is_reversible(head: bytes) -> bool:
    """Look at the wavelet (1: whole numbers, exact) that the marker COD of a codestream names."""
    begin = head.find(b"\xff\x4f\xff\x51")
    place = begin + 2
    while begin >= 0 and place + 14 <= len(head):
        if head[place : place + 2] == b"\xff\x52":
            return head[place + 13] == 1
        place += 2 + int.from_bytes(head[place + 2 : place + 4], "big")
    return False
