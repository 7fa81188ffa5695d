"""What else a model can do: encode, decode, classify."""

from __future__ import annotations

import torch

from regene_bench.data.device_images import BenchmarkData, to_float
from regene_bench.testing.contract import NotApplicable, require
from regene_bench.testing.methods.subject import MethodSubject
from regene_bench.training.capabilities import Classifier, Decoder, Encoder


def capabilities_keep_their_shapes(subject: MethodSubject) -> None:
    """``encode`` gives float32 ``[N, D]``, ``decode`` gives such latents back as images in [0, 1]
    of the shape they came from, and ``classify`` gives logits ``[N, K]``.

    Mend: a model that cannot do one of these must not have a method of that name, since metrics
    ask for capabilities by it.
    """
    if not check_capabilities(subject.model, subject.data):
        raise NotApplicable("the model can only generate")


def check_capabilities(model: object, data: BenchmarkData) -> bool:
    """Hold a model to the contracts of what it can do besides generating; tell if it is anything.

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
