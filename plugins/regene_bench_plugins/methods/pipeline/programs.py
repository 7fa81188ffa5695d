"""Models that are programs: TorchScript, torch.export, and functions of Python.

Whoever opens one runs it. A protocol, a study or a row of somebody else's leaderboard can name one,
so none is opened unless the user has said, outside of all of these, that programs may be run.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import torch
from torch import Tensor

from regene_bench.api import MethodError, SampleRng, UnavailableError, may_run_programs
from regene_bench_plugins.methods.pipeline.source import (
    Kind,
    digest_of,
    file_of_function,
    function_parts,
)

_NO_NAMES: Mapping[str, int] = MappingProxyType({})
_STREAM = "pipeline"
_OURS = f"this one ({torch.__version__})"


def open_program(
    source: str, kind: Kind, noise_shape: tuple[int, ...], device: torch.device
) -> Program | Function:
    """Open a program, which runs it.

    Args:
        source: A file, ``FILE.py:function`` or ``module:function``.
        kind: What it is.
        noise_shape: Shape of a sample's noise, for files.
        device: Where it shall compute.

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
        if kind == "callable":
            _, name = function_parts(source)
            return Function(getattr(_module_of(source), name), device)
        path = Path(source).expanduser()
        if kind == "torchscript":
            with warnings.catch_warnings():
                # that it is of the past is for who wrote the file
                warnings.simplefilter("ignore", FutureWarning)
                script = torch.jit.load(path, map_location=device)  # type: ignore[no-untyped-call]
            return Program(script.eval(), noise_shape)
        exported = torch.export.load(path).module()
        return Program(exported.to(device), noise_shape)
    except Exception as error:  # somebody's code
        why = (str(error).splitlines() or [""])[0]
        hint = (
            f"A file must be of torch.jit.save or torch.export.save, by a torch that {_OURS} reads."
        )
        raise MethodError(
            f"{source} cannot be opened: {type(error).__name__}: {why}",
            hint="" if kind == "callable" else hint,
        ) from error


def _module_of(source: str) -> ModuleType:
    where, _ = function_parts(source)
    if not where.endswith(".py"):
        return importlib.import_module(where)
    # one module for one content, whatever else has been opened from the same place
    name = f"regene_bench_pipeline_{digest_of(source)}"
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
        noise_shape: Shape of a sample's noise.
    """

    labelled = True
    classes: int | None = None
    names = _NO_NAMES

    def __init__(
        self, network: Callable[[Tensor, Tensor], Any], noise_shape: tuple[int, ...]
    ) -> None:
        self._network = network
        self._noise_shape = noise_shape

    def draw(self, classes: Tensor, rng: SampleRng) -> Tensor:
        """As of ``Sampler``."""
        noise = rng.normal(len(classes), self._noise_shape, _STREAM).to(classes.device)
        images: Tensor = self._network(noise, classes)
        return images


class Function:
    """``function(labels, rng) -> images``: int64 ``[n]`` and a ``SampleRng``.

    Args:
        function: What the user named.
        device: Where its images shall be.
    """

    labelled = True
    classes: int | None = None
    names = _NO_NAMES

    def __init__(self, function: Callable[[Tensor, SampleRng], Any], device: torch.device) -> None:
        self._function = function
        self._device = device

    def draw(self, classes: Tensor, rng: SampleRng) -> Tensor:
        """As of ``Sampler``."""
        images = self._function(classes, rng)
        return images.to(self._device) if isinstance(images, Tensor) else images
