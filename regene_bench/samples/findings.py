"""What is met on the way through encoded images, for notes and for refusals."""

from __future__ import annotations

from dataclasses import dataclass

from regene_bench.base.errors import DataError
from regene_bench.data.frames import animation_note
from regene_bench.samples.collection import Size
from regene_bench.samples.headers import Header
from regene_bench.samples.misfits import mixed_sizes, wrong_size


@dataclass(frozen=True)
class LeftOut:
    """An image that could not be decoded, and why: the end of a sentence about it."""

    name: str
    reason: str


class Findings:
    """Facts of all images that were looked at so far.

    Attributes:
        bad: What cannot be decoded, by its place.
        seen_through: How many had transparent pixels.
        brightest: The highest value of a pixel, of 255.
    """

    def __init__(self) -> None:
        self.bad: dict[int, LeftOut] = {}
        self.seen_through = 0
        self.brightest = 0
        self._n_16_bit = 0
        self._sizes: dict[Size, str] = {}
        self._lossy: dict[int, str] = {}
        self._frames: dict[int, tuple[str, int]] = {}

    @property
    def n_sizes(self) -> int:
        return len(self._sizes)

    def add(self, place: int, name: str, header: Header) -> None:
        """Take down one image.

        Args:
            place: Where it stands among all images.
            name: What error messages call it.
            header: Its facts.
        """
        self._sizes.setdefault(header.size, name)
        self._n_16_bit += header.is_16_bit
        if header.lossy:
            self._lossy[place] = header.lossy
        if header.frames_left_out:
            self._frames[place] = (name, header.frames_left_out)

    def refuse_mixed(self) -> None:
        """Refuse images of several sizes.

        Raises:
            DataError: There are; one of each of two is named.
        """
        if len(self._sizes) > 1:
            raise mixed_sizes(*((text, size) for size, text in list(self._sizes.items())[:2]))

    def resized_from(self, wanted: Size) -> Size | None:
        """The first size that images had and that is not the wanted one, or None."""
        return next((size for size in self._sizes if size != wanted), None)

    def wrong_size(self, size: Size, wanted: Size) -> DataError:
        """Make the error for images that all have one size, and the wrong one."""
        return wrong_size(f"The images are like {self._sizes[size]}:", size, wanted)

    def notes(self, n: int) -> tuple[str, ...]:
        """Say what a reader of the scores must know.

        Args:
            n: How many images were decoded.
        """
        notes = []
        if self.seen_through:
            notes.append(
                f"{_some(self.seen_through, n)} transparent pixels, laid on white: that moves "
                "distances"
            )
        # what is rounded to 1 of 255
        if self._n_16_bit == n and self.brightest <= 1:
            notes.append(
                "all images have 16-bit pixels, of which none is above 385 of 65,535: values of 8 "
                "bits are saved with 8 bits"
            )
        lossy = [kind for place, kind in self._lossy.items() if place not in self.bad]
        if lossy:
            kinds = ", ".join(sorted(set(lossy)))
            notes.append(
                f"{_some(len(lossy), n)} gone through lossy compression ({kinds}): that "
                "moves distances"
            )
        frames = [found for place, found in self._frames.items() if place not in self.bad]
        return (*notes, *animation_note(frames))


def _some(count: int, n: int) -> str:
    whole = f"all {n} images have" if count == n else f"{count} of {n} images have"
    return whole if count > 1 else f"{count} of {n} images has"
