"""Grey and RGB images of the usual sizes."""

from __future__ import annotations

from regene_bench.data.shapes import ImageShape
from regene_bench.testing.contract import Broken
from regene_bench.testing.methods.capabilities import check_capabilities
from regene_bench.testing.methods.samples import check_samples
from regene_bench.testing.methods.subject import MethodSubject, draw, generator_of, sorted_labels
from regene_bench.testing.separable import separable_data

SHAPES = (
    ImageShape(1, 8, 8, 2),
    ImageShape(1, 28, 28, 2),
    ImageShape(3, 32, 32, 2),
    ImageShape(3, 64, 64, 2),
)


def images_of_any_size_are_generated(subject: MethodSubject) -> None:
    """The smallest configuration trains on a CPU on grey and RGB images of 8, 28, 32 and 64
    pixels, and its samples have the shape of the data.

    Mend: take sizes from ``data.shape``, never from a constant; crop or pad where halving does
    not come out even.
    """
    for shape in SHAPES:
        data = separable_data(shape)
        try:
            model = generator_of(subject.fit(data=data))
            check_samples(draw(model, sorted_labels(shape.n_classes, 2)), 4, shape)
            check_capabilities(model, data)
        except Exception as error:
            size = f"{shape.channels}×{shape.height}×{shape.width}"
            raise Broken(f"images of {size}: {type(error).__name__}: {error}") from error
