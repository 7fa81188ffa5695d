"""Models that are programs: TorchScript, torch.export, and functions of Python.

Whoever opens one runs it. A protocol, a study or a row of somebody else's leaderboard can name one,
so none is opened unless the user has said, outside of all of these, that programs may be run.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from regene_bench.api import MethodError, SampleRng, UnavailableError, may_run_programs
from regene_bench_plugins.methods.pipeline.sampler import NO_NAMES
from regene_bench_plugins.methods.pipeline.source import (
    Kind,
    digest_of,
    file_of_function,
    function_parts,
    path_of,
)

_STREAM = "pipeline"
_DIGEST = "_regene_bench_digest"
# of rounding, and of what a last layer without bounds may leave
_MARGIN = 0.05


def open_program(
    source: str, kind: Kind, noise_shape: tuple[int, ...], device: torch.device, *, signed: bool
) -> Program | Function:
    """Open a program, which runs it.

    Args:
        source: A file, ``FILE.py:function`` or ``module:function``.
        kind: What it is.
        noise_shape: Shape of a sample's noise, for files.
        device: Where it shall compute.
        signed: Whether its images are in [-1, 1].

    Raises:
        UnavailableError: The user has not said that programs may be run.
        MethodError: It cannot be opened.
    """
    if not may_run_programs():
        raise UnavailableError(
            f"{source} is a program, and would be run.",
            hint="Set REGENE_BENCH_PROGRAMS=1 if you trust who wrote it.",
        )
    try:
        if kind == "function":
            function = getattr(_module_of(source), function_parts(source)[1])
            if not callable(function):
                raise TypeError(f"it is no function but {type(function).__name__}")
            return Function(function, source, signed=signed)
        if kind == "torchscript":
            with warnings.catch_warnings():
                # that it is of the past is for who wrote the file
                warnings.simplefilter("ignore", FutureWarning)
                network = torch.jit.load(path_of(source), map_location=device).eval()  # type: ignore[no-untyped-call]
        else:
            network = torch.export.load(path_of(source)).module().to(device)
    except Exception as error:  # somebody's code
        why = (str(error).splitlines() or [""])[0]
        raise MethodError(
            f"{source} cannot be opened: {type(error).__name__}: {why}",
            hint=""
            if kind == "function"
            else "It must be what torch.jit.save or torch.export.save wrote, of a torch whose "
            f"files torch {torch.__version__} reads.",
        ) from error
    return Program(network, source, noise_shape, signed=signed)


def _module_of(source: str) -> ModuleType:
    """Import what a function stands in, of the content that its digest is of.

    Raises:
        ImportError: The module was imported before its file was changed.
    """
    where, _ = function_parts(source)
    digest = digest_of(source)
    if not where.endswith(".py"):
        module = importlib.import_module(where)
        if vars(module).setdefault(_DIGEST, digest) != digest:
            raise ImportError(f"{where} has changed since it was imported: begin a new process")
        return module
    # one module for one content, whatever else has been opened from the same place
    name = f"regene_bench_pipeline_{digest}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file_of_function(source))
    if spec is None or spec.loader is None:
        raise ImportError(f"{where} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


class Program:
    """``forward(noise, labels) -> images``: float32 ``[n, *noise_shape]``, int64 ``[n]``.

    Args:
        network: The opened program.
        source: Its file.
        noise_shape: Shape of a sample's noise.
        signed: Whether its images are in [-1, 1].
    """

    labelled = True
    classes: int | None = None
    none: int | None = None
    names = NO_NAMES

    def __init__(
        self,
        network: Callable[[Tensor, Tensor], Any],
        source: str,
        noise_shape: tuple[int, ...],
        *,
        signed: bool,
    ) -> None:
        self._network = network
        self._source = source
        self._noise_shape = noise_shape
        self._signed = signed

    def draw(self, classes: Tensor, rng: SampleRng) -> Tensor:
        """As of ``Sampler``."""
        noise = rng.normal(len(classes), self._noise_shape, _STREAM).to(classes.device)
        hint = (
            f"It was given noise {list(noise.shape)} (pipeline.noise_shape, pipeline.batch_size) "
            f"and labels [{len(classes)}]."
        )
        drawn = _called(self._network, noise, classes, source=self._source, hint=hint)
        return images_of(drawn, len(classes), classes.device, signed=self._signed)


class Function:
    """``function(labels, rng) -> images``: int64 ``[n]`` and a ``SampleRng``.

    Args:
        function: What the user named.
        source: By what name.
        signed: Whether its images are in [-1, 1].
    """

    labelled = True
    classes: int | None = None
    none: int | None = None
    names = NO_NAMES

    def __init__(
        self, function: Callable[[Tensor, SampleRng], Any], source: str, *, signed: bool
    ) -> None:
        self._function = function
        self._source = source
        self._signed = signed

    def draw(self, classes: Tensor, rng: SampleRng) -> Tensor:
        """As of ``Sampler``."""
        drawn = _called(self._function, classes, rng, source=self._source, hint="")
        return images_of(drawn, len(classes), classes.device, signed=self._signed)


def images_of(drawn: Any, count: int, device: torch.device, *, signed: bool) -> Tensor:
    """Look at what a program gave, and bring it to [0, 1].

    Args:
        drawn: uint8, or floats in [0, 1], or in [-1, 1].
        count: How many images were asked for.
        device: Where they shall be.
        signed: Whether floats are in [-1, 1].

    Returns:
        float32 ``[count, C, H, W]``.

    Raises:
        MethodError: It is something else.
    """
    if not isinstance(drawn, Tensor) or drawn.dim() != 4 or len(drawn) != count:
        told = list(drawn.shape) if isinstance(drawn, Tensor) else type(drawn).__name__
        raise MethodError(
            f"pipeline.source gave {told} for {count} labels; it must give a tensor "
            f"[{count}, channels, height, width]."
        )
    if drawn.dtype == torch.uint8:
        return drawn.to(device).float() / 255
    if not drawn.is_floating_point():
        raise MethodError(
            f"pipeline.source gave images of {drawn.dtype}; it must give uint8 or floats."
        )
    images = drawn.to(device).float()
    low, high = float(images.min()), float(images.max())
    least = -1.0 if signed else 0.0
    if not (least - _MARGIN <= low and high <= 1 + _MARGIN):
        raise MethodError(
            f"pipeline.source gave values from {low:.3g} to {high:.3g}; they must lie in "
            f"{least:g} to 1.",
            hint="Floats of the other usual range: set pipeline.output_range=-1..1."
            if not signed and high <= 1 + _MARGIN
            else "Wrap it in a function that brings them there, or gives uint8.",
        )
    return (images / 2 + 0.5 if signed else images).clamp(0, 1)


def _called(function: Callable[..., Any], *given: Any, source: str, hint: str) -> Any:
    """Call somebody's code.

    Raises:
        MethodError: It raised.
    """
    try:
        return function(*given)
    except Exception as error:
        why = (str(error).splitlines() or [""])[0]
        raise MethodError(f"{source} failed: {type(error).__name__}: {why}", hint=hint) from error
