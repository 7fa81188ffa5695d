"""Networks of extractors computed by OpenVINO: the same weights in float32, in less time on a CPU.

OpenVINO is the optional extra ``fast``. It compiles a network as a whole and keeps its maps in the
layout of the processor's vector registers, where torch computes layer by layer. It is used where
all of this holds, and torch computes otherwise: the device is a CPU, OpenVINO is installed and was
not asked to stay away, and its features agree with torch's on a probe.
"""

from __future__ import annotations

import ctypes
import os
import threading
import warnings
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn

from regene_bench.api import Message, Runtime, is_torch_only
from regene_bench_plugins.extractors.float32 import full_float32

PACKAGE = "openvino"
Network = Callable[[Tensor], Tensor]
"""Maps inputs float32 ``[N, C, H, W]`` to features float32 ``[N, D]``."""

# Of the Euclidean length of an image's features: rounding stays ten times below, TF32 is a hundred
# times above, bfloat16 ten thousand times.
TOLERANCE = 1e-5
# Batches at once: each has maps of its own in memory, and a caller seldom has more of them.
_MOST_AT_ONCE = 8


def faster(network: nn.Module, probe: Tensor, name: str, runtime: Runtime) -> Network:
    """Let OpenVINO compute a network, if it can and if that gives the same features.

    Args:
        network: In evaluation mode, on the runtime's device; an image's features are its own.
        probe: Inputs ``[N, 3, H, W]`` there with N ≥ 2, to compare both ways of computing on.
        name: The extractor's, for messages.
        runtime: Device, and who is told why torch computes where OpenVINO was meant to.

    Returns:
        A ``CompiledNetwork``, or the network itself.
    """
    if runtime.device.type != "cpu" or is_torch_only() or not is_installed():
        return network
    try:
        compiled = CompiledNetwork(network, probe)
        error = _difference(compiled, network, probe)
    except Exception as trouble:  # its own exceptions are of many kinds; torch computes as well
        reason = str(trouble).strip().partition("\n")[0] or type(trouble).__name__
        _tell(runtime, name, f"OpenVINO cannot compute it ({reason})")
        return network
    if not error <= TOLERANCE:
        _tell(runtime, name, f"OpenVINO's features differ from torch's by {error:.1e} of a probe's")
        return network
    return compiled


def probe_images(device: torch.device) -> Tensor:
    """Images to compare both ways of computing on: noise, and shades from edge to edge.

    Returns:
        uint8 ``[3, 3, 32, 32]``, always the same.
    """
    noise = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    shades = torch.linspace(0, 1, 32).expand(1, 3, 32, 32)
    return (torch.cat([noise, shades]) * 255).to(torch.uint8).to(device)


def most_at_once() -> int:
    """Return how many batches a ``CompiledNetwork`` computes at once."""
    return min(torch.get_num_threads(), _MOST_AT_ONCE)


def is_installed() -> bool:
    """Tell whether OpenVINO is here; it is not imported."""
    return find_spec(PACKAGE) is not None


def computed_by(network: Network) -> Mapping[str, str]:
    """Packages beyond torch that compute a network, by name, with their versions."""
    return {PACKAGE: version(PACKAGE)} if isinstance(network, CompiledNetwork) else {}


class CompiledNetwork:
    """A network of fixed weights in OpenVINO, for a CPU.

    It is compiled for the number of threads that torch has, and for images of one size; anew where
    either changes. The number of images is free. The same images among the same others have the
    same features to the bit, from call to call and from process to process.

    Args:
        network: In evaluation mode, on the CPU. It is not needed afterwards.
        example: Inputs ``[N, 3, H, W]`` of which the first is passed through it.

    Raises:
        ImportError: OpenVINO is not installed.
        Exception: It cannot compute the network.
    """

    def __init__(self, network: nn.Module, example: Tensor) -> None:
        self._model = _converted(network, example[:1])
        self._compiled_for: tuple[int, ...] = ()
        self._requests: list[Any] = []
        self._lock = threading.Lock()
        _compiled.add(self)

    def __call__(self, inputs: Tensor) -> Tensor:
        """Map float32 ``[N, C, H, W]`` to float32 ``[N, D]``."""
        return self.all_of([inputs])[0]

    def all_of(self, batches: Iterable[Tensor]) -> list[Tensor]:
        """Map batches of equally large images, several of them at once.

        What makes the batches runs meanwhile, with one thread: torch's others would go on looking
        for work for a while after each operation, on the cores that compute here. Threads of Python
        that use torch for the first time meanwhile keep to one, too. Other callers wait.

        Args:
            batches: float32 ``[N, C, H, W]`` each; the next one is made while others are computed.

        Returns:
            Features of each, float32 ``[N, D]``.
        """
        found: list[Tensor] = []
        waiting: deque[tuple[Any, Tensor]] = deque()
        threads = torch.get_num_threads()
        with self._lock, _one_thread():
            try:
                for inputs in batches:
                    self._compile(threads, inputs.shape[1:])
                    if len(waiting) == len(self._requests):
                        found.append(_result(*waiting.popleft()))
                    request = self._requests[(len(found) + len(waiting)) % len(self._requests)]
                    # shared with us while it computes, so that it is kept until then
                    given = inputs.detach().contiguous()
                    request.start_async({0: given.numpy()}, share_inputs=True)
                    waiting.append((request, given))
                while waiting:
                    found.append(_result(*waiting.popleft()))
            finally:
                for request, _ in waiting:
                    with suppress(Exception):
                        request.wait()
        return found

    def _compile(self, threads: int, size: torch.Size) -> None:
        wanted = (threads, *size)
        if wanted == self._compiled_for:
            return
        from openvino import Core

        self._model.reshape([-1, *size])
        at_once = min(threads, _MOST_AT_ONCE)
        compiled = Core().compile_model(self._model, "CPU", _settings(threads, at_once))
        self._requests = [compiled.create_infer_request() for _ in range(at_once)]
        self._compiled_for = wanted


def _result(request: Any, inputs: Tensor) -> Tensor:
    """Wait for the features of some inputs, which may go then."""
    request.wait()
    return torch.from_numpy(request.get_output_tensor(0).data.copy())


@contextmanager
def _one_thread() -> Iterator[None]:
    """Have torch keep to the caller's thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _settings(threads: int, at_once: int) -> dict[str, Any]:
    """What keeps OpenVINO to float32 proper and to torch's number of threads, in so many groups."""
    return {
        # left out, processors with bfloat16 units compute in that
        "INFERENCE_PRECISION_HINT": "f32",
        "EXECUTION_MODE_HINT": "ACCURACY",
        # numbers below 1e-38 stay what they are, as in torch
        "CPU_DENORMALS_OPTIMIZATION": "NO",
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": at_once,
        # pinned threads of two processes would share one core and leave another idle
        "ENABLE_CPU_PINNING": "NO",
    }


def _converted(network: nn.Module, example: Tensor) -> Any:
    """OpenVINO's form of a network; its weights are shared with torch's.

    Its front end is called directly: ``openvino.convert_model`` imports much more, OpenVINO's
    telemetry among it, for seconds.
    """
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    network.requires_grad_(False)
    with torch.no_grad(), full_float32(example.device), warnings.catch_warnings():
        # TorchScript is deprecated, and what both sides can read
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(network, example, check_trace=False)  # type: ignore[no-untyped-call]
        script = torch.jit.freeze(traced)
    decoder = TorchScriptPythonDecoder(script, example_input=(example,), skip_freeze=True)
    front_end = FrontEndManager().load_by_framework("pytorch")
    # the decoder must have a name: the front end does not keep it alive
    return front_end.convert(front_end.load(decoder))


def _difference(compiled: CompiledNetwork, network: nn.Module, probe: Tensor) -> float:
    """The largest difference of one image's features, relative to their Euclidean length."""
    with torch.no_grad(), full_float32(probe.device):
        found, expected = compiled(probe), network(probe)
    if found.shape != expected.shape:
        return float("inf")
    length = expected.norm(dim=1).clamp_min(torch.finfo(torch.float32).tiny)
    return float(((found - expected).norm(dim=1) / length).max())


def _tell(runtime: Runtime, name: str, why: str) -> None:
    runtime.tell(Message(f"{name}: {why}; torch computes, which takes longer.", "warning"))


_compiled: weakref.WeakSet[CompiledNetwork] = weakref.WeakSet()


def _keep_what_was_compiled() -> None:
    """In a forked child, let nothing go that was compiled before the fork, also not at its end.

    To let it go waits for threads that are not there, and ends the process.
    """
    for network in _compiled:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(network._requests))
        # it is compiled anew, with threads that are there, and no other thread is at work
        network._compiled_for, network._lock = (), threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_keep_what_was_compiled)
