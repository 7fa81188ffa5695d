"""What a fitted model gives has the right shape and range: samples, latents, images, logits."""

from __future__ import annotations

from dataclasses import replace

import torch

from regene_bench.base.errors import MethodError
from regene_bench.data.device_images import BenchmarkData, to_float
from regene_bench.data.shapes import ImageShape
from regene_bench.harness.sample import check_generation
from regene_bench.testing.check import Broken, NotApplicable, require
from regene_bench.testing.methods.trained import (
    SHAPE,
    TEN_CLASSES,
    MethodSubject,
    draw,
    generator_of,
    sorted_labels,
)
from regene_bench.testing.stripes import striped_data
from regene_bench.training.capabilities import Classifier, Decoder, Encoder, Generation

# what training on SHAPE has shown already is not trained again
SIZES = (
    SHAPE,
    ImageShape(1, 28, 28, 2),
    ImageShape(3, 32, 32, 2),
    ImageShape(3, 64, 64, 2),
)


def samples_are_images(subject: MethodSubject) -> None:
    """``fit`` returns a model whose ``generate(labels, rng)`` gives one image a label: float32
    ``[N, C, H, W]``, finite, in [0, 1], with latents ``[N, D]`` and trials ``[N]`` if it has any.

    Mend: return ``Generation(images)`` of the shape ``data.shape`` says, behind a sigmoid or a
    clamp; look for a division by zero or a diverging loss if values are not finite.
    """
    check_samples(draw(subject.model, sorted_labels(SHAPE.n_classes, 7)), 21, SHAPE)


def capabilities_keep_their_shapes(subject: MethodSubject) -> None:
    """``encode`` gives float32 ``[N, D]``, ``decode`` gives such latents back as images in [0, 1]
    of the shape they came from, and ``classify`` gives logits ``[N, K]``.

    Mend: a model that cannot do one of these must not have a method of that name, since metrics
    ask for capabilities by it.
    """
    if not check_capabilities(subject.model, subject.data):
        raise NotApplicable("the model can only generate")


def every_class_is_generated(subject: MethodSubject) -> None:
    """Trained on ten classes, a model gives finite images in [0, 1] of each of them.

    Mend: look at what the class has to itself: a row of an embedding, a mean or a covariance of
    its latents, a part of the batch that may be empty.
    """
    wrong = {}
    for label in range(TEN_CLASSES.n_classes):
        try:
            check_samples(draw(subject.of_ten_classes, torch.full((3,), label)), 3, TEN_CLASSES)
        except Broken as broken:
            wrong[label] = str(broken)
    if len(wrong) == TEN_CLASSES.n_classes:
        raise NotApplicable("no class comes out right: see samples-are-images")
    require(not wrong, "; ".join(f"class {label}: {found}" for label, found in wrong.items()))


def classes_may_be_left_out(subject: MethodSubject) -> None:
    """Where a protocol generates some classes only, the smallest configuration trains on all of the
    data, and its model gives finite images in [0, 1] of each class that is generated.

    Mend: size embeddings by ``data.shape.n_classes`` and index them by labels, which are not
    numbered anew; ask ``data.generated_labels`` which classes to fit densities to, and train a
    generator on ``data.train_generated()``.
    """
    generated = tuple(range(1, SHAPE.n_classes))
    data = replace(striped_data(SHAPE), generated=generated)
    left_out = f"with class 0 left out of {SHAPE.n_classes}"
    try:
        model = generator_of(subject.fit(data=data))
        for label in generated:
            check_samples(draw(model, torch.full((3,), label)), 3, SHAPE)
    except Broken as broken:
        raise Broken(f"{left_out}: {broken}") from broken
    except Exception as error:
        raise Broken(f"{left_out}: {type(error).__name__}: {error}") from error


def images_of_any_size_are_generated(subject: MethodSubject) -> None:
    """The smallest configuration trains on a CPU on grey and RGB images of 8, 28, 32 and 64
    pixels, and its samples have the shape of the data.

    Mend: take sizes from ``data.shape``, never from a constant; crop or pad where halving does
    not come out even.
    """
    for shape in SIZES:
        try:
            data = subject.data if shape == SHAPE else striped_data(shape)
            model = subject.model if shape == SHAPE else generator_of(subject.fit(data=data))
            each = 2
            samples = draw(model, sorted_labels(shape.n_classes, each))
            check_samples(samples, each * shape.n_classes, shape)
            check_capabilities(model, data)
        except Exception as error:
            size = f"{shape.channels}×{shape.height}×{shape.width}"
            raise Broken(f"images of {size}: {type(error).__name__}: {error}") from error


def check_samples(generation: Generation, n: int, shape: ImageShape) -> None:
    """Hold a generation of ``n`` samples to its contract, more strictly than a run does.

    Raises:
        Broken: What is wrong, with the values found.
    """
    try:
        check_generation(generation, n, shape)
    except MethodError as error:
        raise Broken(error.message) from None
    images, latents = generation.images, generation.latents
    require(images.dtype == torch.float32, f"images are {images.dtype}, not float32")
    if latents is not None:
        right = latents.ndim == 2 and len(latents) == n and latents.dtype == torch.float32
        found = f"{latents.dtype} {list(latents.shape)}"
        require(right, f"latents are {found}, not float32 [{n}, D]")


def check_capabilities(model: object, data: BenchmarkData) -> bool:
    """Hold a model to the contracts of what it can do besides generating.

    Returns:
        Whether it can do anything besides generating.

    Raises:
        Broken: What is wrong.
    """
    with torch.inference_mode():
        images = to_float(data.test.images[:5])
        if isinstance(model, Classifier):
            logits = model.classify(images)
            expected = [5, data.shape.n_classes]
            require(list(logits.shape) == expected, f"classify gives {list(logits.shape)}")
            require(bool(torch.isfinite(logits).all()), "classify gives values that are not finite")
        if isinstance(model, Encoder):
            latents = model.encode(images)
            right = latents.ndim == 2 and len(latents) == 5 and latents.dtype == torch.float32
            found = f"{latents.dtype} {list(latents.shape)}"
            require(right, f"encode gives {found}, not float32 [5, D]")
            require(bool(torch.isfinite(latents).all()), "encode gives values that are not finite")
            if isinstance(model, Decoder):
                back = model.decode(latents)
                found = f"{list(back.shape)}, not {list(images.shape)}"
                require(back.shape == images.shape, f"decode gives {found}")
                low, high = float(back.min()), float(back.max())
                require(low >= 0 and high <= 1, f"decode gives values from {low:.4g} to {high:.4g}")
    return isinstance(model, Classifier | Encoder | Decoder)
