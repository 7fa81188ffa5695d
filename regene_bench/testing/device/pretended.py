"""A pretended accelerator: a torch device named ``pretended`` whose tensors lie in host memory.

torch takes its tensors for those of a GPU. An operation that mixes them with tensors of the CPU
raises, as on CUDA; NumPy cannot see them; operations, and waits for the device, are counted. So the
GPU's path through a program can be followed on a machine that has none.

``install`` changes torch for the whole process, and for good. It rests on torch's experimental
PrivateUse1 back ends in Python. Known limits: it is some ten times slower than the CPU; there are
no streams but in name, no ``torch.compile``; operations that change a tensor's shape in place
are refused; ``inference_mode`` is ``no_grad``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
import torch.utils._pytree as pytree
import torch.utils.backend_registration as registration
from torch import Tensor
from torch.optim.optimizer import _foreach_supported_types

from regene_bench.testing.device.graphs import Capturing, Operation, tensors_of
from regene_bench.testing.device.tally import Tally, is_work, wait_of

NAME = "pretended"
DEVICE = f"{NAME}:0"
_SETUP = "_setup_privateuseone_for_python_backend"
# these take operands of the CPU, too, and bring them to the device
_COPIES = ("_to_copy", "copy_", "_copy_from")
_INDEXING = ("index", "index_put", "index_put_", "_index_put_impl_", "_unsafe_index")


class MixedDevicesError(RuntimeError):
    """An operation was given tensors of the device and of the CPU."""


class HostAccessError(TypeError):
    """NumPy, or another library that reads host memory, was given a tensor of the device."""


@dataclass(frozen=True)
class Pretended:
    """The pretended accelerator of this process.

    Attributes:
        device: ``pretended:0``.
        tally: What was computed on it so far, and where it was waited for.
    """

    device: torch.device
    tally: Tally


def can_be_installed() -> bool:
    """Tell whether this version of torch lets a device be written in Python."""
    return hasattr(registration, _SETUP)


@functools.cache
def install() -> Pretended:
    """Give torch the pretended accelerator, for as long as this process lives; once is enough.

    To be called before anything that decorates functions with ``torch.inference_mode``.

    Raises:
        RuntimeError: torch has no such back ends, or has another one already.
    """
    if not can_be_installed():
        raise RuntimeError(f"torch {torch.__version__} has no back ends in Python")
    tally = Tally()
    getattr(registration, _SETUP)(NAME, backend_module=_module_of(tally))
    library: Any = torch.library.Library("_", "IMPL")  # type: ignore[no-untyped-call]
    library.fallback(
        lambda operator, *args, **kwargs: _run(tally, operator, args, kwargs),
        dispatch_key="PrivateUse1",
    )
    # arithmetic under autocast stays what it is
    library.fallback(torch.library.fallthrough_kernel, dispatch_key="AutocastPrivateUse1")
    # the library's own end would take the back end away
    tally.kept.append(library)
    _patch_torch(tally)
    return Pretended(torch.device(DEVICE), tally)


class PretendedTensor(torch.Tensor):
    """A tensor on the pretended device.

    Attributes:
        raw: The tensor of the CPU that holds its values.
    """

    raw: Tensor

    @staticmethod
    def __new__(cls, raw: Tensor) -> PretendedTensor:
        made: PretendedTensor = torch.Tensor._make_wrapper_subclass(
            cls, raw.size(), strides=raw.stride(), dtype=raw.dtype, device=torch.device(DEVICE)
        )
        made.raw = raw
        return made

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls,
        func: Any,
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        return _run(install().tally, func, args, kwargs or {})

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        install().tally.wait("repr")
        return f"{self.raw!r} on {DEVICE}"

    def tolist(self) -> Any:
        """Read the values, which waits for the device."""
        install().tally.wait("tolist")
        return self.raw.tolist()

    def numpy(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse, as torch does for every device but the CPU.

        Raises:
            HostAccessError: Always.
        """
        raise HostAccessError(
            f"can't convert {DEVICE} device type tensor to numpy. Use Tensor.cpu() to copy the "
            "tensor to host memory first."
        )

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        return self.numpy()


_Generator = torch.Generator


class _AnyGenerator(_Generator):
    """Stands for ``torch.Generator``; what one of the device draws is drawn on the CPU."""

    def __new__(cls, device: Any = "cpu") -> torch.Generator:  # type: ignore[misc]
        if torch.device(device).type != NAME:
            return _Generator(device)
        made = _Generator()
        install().tally.kept.append(made)
        return made


def _run(tally: Tally, operator: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Carry out an operation on what the tensors hold, and put its results on their device."""
    name = operator.overloadpacket.__name__
    leaves = pytree.tree_leaves((args, kwargs))
    ours = [leaf for leaf in leaves if isinstance(leaf, PretendedTensor)]
    theirs = [
        leaf
        for leaf in leaves
        if isinstance(leaf, Tensor) and not isinstance(leaf, PretendedTensor)
    ]
    named = kwargs.get("device")
    to_device = bool(ours) if named is None else torch.device(named).type == NAME
    if ours:
        _refuse_mixed(name, args, theirs)
    if to_device:
        _refuse_foreign_generator(tally, leaves)
    if is_work(operator):
        tally.operations[name] += 1
    wait = wait_of(name, args, kwargs, to_device=to_device, ours=bool(ours), theirs=theirs)
    if wait:
        tally.wait(wait)

    plain = {**kwargs, "device": torch.device("cpu")} if named is not None else dict(kwargs)
    raw_args, raw_kwargs = pytree.tree_map_only(PretendedTensor, lambda t: t.raw, (args, plain))
    for observer in tally.observers:
        observer.before((raw_args, raw_kwargs))
    result = operator(*raw_args, **raw_kwargs)
    if to_device and tally.observers:
        # a GPU is told the numbers of the CPU as they are now
        numbers = {id(tensor): tensor.clone() for tensor in theirs}
        kept_args, kept_kwargs = pytree.tree_map_only(
            Tensor, lambda tensor: numbers.get(id(tensor), tensor), (raw_args, raw_kwargs)
        )
        results = tensors_of(result)
        done = Operation(operator, kept_args, kept_kwargs, results, list(numbers.values()))
        for observer in tally.observers:
            observer.after(done)
    # what is written in place comes back as the very tensor that was given
    known: dict[int, Tensor] = {id(tensor.raw): tensor for tensor in ours}
    known |= {id(tensor): tensor for tensor in theirs}

    def placed(tensor: Tensor) -> Tensor:
        before = known.get(id(tensor))
        if before is not None and before.shape == tensor.shape:
            return before
        if before is not None and name.endswith("_"):
            raise NotImplementedError(f"the pretended device cannot reshape in place ({name})")
        return PretendedTensor(tensor) if to_device else tensor

    return pytree.tree_map_only(Tensor, placed, result)


def _refuse_mixed(name: str, args: Sequence[Any], theirs: Iterable[Tensor]) -> None:
    """Raise if tensors of the CPU are among the operands of an operation on the device.

    As on CUDA, a single number may be, and indices may be if what is indexed is on the device.
    """
    if name in _COPIES or (name in _INDEXING and isinstance(args[0], PretendedTensor)):
        return
    if any(tensor.dim() > 0 for tensor in theirs):
        raise MixedDevicesError(
            f"Expected all tensors to be on the same device, but found at least two devices, "
            f"{DEVICE} and cpu! (in {name})"
        )


def _refuse_foreign_generator(tally: Tally, leaves: Iterable[Any]) -> None:
    own: Iterable[Any] = [kept for kept in tally.kept if isinstance(kept, _Generator)]
    for leaf in leaves:
        # the dispatcher hands over another object for the same generator
        if isinstance(leaf, _Generator) and all(one._cdata != leaf._cdata for one in own):  # type: ignore[attr-defined]
            raise MixedDevicesError(
                f"Expected a '{NAME}' device type for generator but found 'cpu'"
            )


def _module_of(tally: Tally) -> Any:
    """Make ``torch.pretended``, what torch asks about a back end."""

    class Module(Capturing, registration._DummyBackendModule):
        def get_amp_supported_dtype(self) -> list[torch.dtype]:
            return [torch.bfloat16, torch.float16]

        def synchronize(self, device: object = None) -> None:
            tally.wait("synchronize")

    return Module(tally)


def _patch_torch(tally: Tally) -> None:
    """Let torch's functions that do not come by the dispatcher know the device."""
    torch.tensor = _made_on_the_cpu_first(torch.tensor)
    torch.as_tensor = _made_on_the_cpu_first(torch.as_tensor)
    torch.asarray = _made_on_the_cpu_first(torch.asarray)
    torch.Tensor.new_tensor = _new_tensor  # type: ignore[assignment,method-assign]
    torch.Generator = _AnyGenerator  # type: ignore[misc]
    torch.inference_mode = _inference_mode  # type: ignore[assignment,misc]
    # as on a GPU, optimisers take all parameters at a time
    _foreach_supported_types.append(PretendedTensor)
    torch.accelerator.synchronize = lambda device=None: tally.wait("synchronize")


def _made_on_the_cpu_first(make: Callable[..., Tensor]) -> Callable[..., Tensor]:
    @functools.wraps(make)
    def made(data: Any, *, device: Any = None, **kwargs: Any) -> Tensor:
        if device is None or torch.device(device).type != NAME:
            return make(data, device=device, **kwargs)
        found = data if isinstance(data, PretendedTensor) else make(data, **kwargs)
        return found.to(device=device, dtype=kwargs.get("dtype"))

    return made


def _new_tensor(self: Tensor, data: Any, **kwargs: Any) -> Tensor:
    options: dict[str, Any] = {"dtype": self.dtype, "device": self.device} | kwargs
    return torch.tensor(data, **options)


def _inference_mode(mode: Any = True) -> Any:
    """Stand for ``torch.inference_mode``, which does not go with tensors written in Python."""
    if callable(mode):
        return torch.no_grad()(mode)
    context: AbstractContextManager[Any] = torch.no_grad() if mode else nullcontext()
    return context
