"""The check of plugins that compute: do they keep to the device that they are given?"""

from __future__ import annotations

import torch

from regene_bench.testing.check import Broken, NotApplicable
from regene_bench.testing.device.process import device_process
from regene_bench.testing.registration import Registered


def keeps_to_its_device(subject: Registered) -> None:
    """It computes on the device that it is given, be it a GPU: it names no device, brings no
    tensor of the CPU to one of the device, shows NumPy none, and does not make training wait for
    the device at every step. The steps of a stage with a ``stretch`` are one like the other, so
    that they can be captured.

    Mend: take the device from ``runtime.device``, or from a tensor that you are given
    (``torch.zeros(n, device=images.device)``); move networks there (``network.to(runtime.device)``)
    and what ``rng`` draws; write ``.cpu()`` before ``.numpy()``, outside of training steps; return
    losses as ``loss.detach()`` instead of ``loss.item()``, and choose by ``torch.where`` rather
    than by a mask. Take what changes from step to step from ``batch.weights``, or leave ``stretch``
    out. No GPU is needed to see it: this check pretends one.
    """
    from regene_bench.testing.device.pretended import can_be_installed

    if not can_be_installed():
        raise NotApplicable(f"torch {torch.__version__} cannot pretend a device; 2.14 can")
    status, found = device_process().look_at(subject.entry)
    if status == "skipped":
        raise NotApplicable(found)
    if status == "failed":
        raise Broken(found)
