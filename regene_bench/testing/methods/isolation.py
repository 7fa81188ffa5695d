"""A method changes nothing but itself."""

from __future__ import annotations

import torch

from regene_bench.testing.contract import require
from regene_bench.testing.methods.subject import MethodSubject
from regene_bench.testing.separable import separable_data


def the_data_are_left_alone(subject: MethodSubject) -> None:
    """``fit`` changes neither images nor labels: all runs of a call share them.

    Mend: work on copies; look for operations in place (``x.add_``, ``x[…] =``) on ``data.train``.
    """
    data = separable_data(subject.data.shape)
    subject.fit(data=data)
    for split, before in ((data.train, subject.data.train), (data.test, subject.data.test)):
        require(torch.equal(split.images, before.images), "fit has changed the images")
        require(torch.equal(split.labels, before.labels), "fit has changed the labels")
