from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from regene_bench.api import BenchmarkData, Interrupted, Progress

from .builders import TRAINED, StopAfter, fit, make_runtime


def weights(model: Any) -> dict[str, torch.Tensor]:
    """All parameters and buffers of a model's networks."""
    networks = {k: v for k, v in vars(model).items() if isinstance(v, nn.Module)}
    assert networks
    return {
        f"{name}.{key}": value
        for name, network in networks.items()
        for key, value in network.state_dict().items()
    }


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", TRAINED)
def test_an_interrupted_fit_ends_bit_equal(
    name: str, precision: str, stripes: BenchmarkData, tmp_path: Path
) -> None:
    plain = fit(name, stripes, make_runtime(tmp_path / "plain", precision=precision))
    interruptions = 0
    for looks in (3, 9, 17, 30, 10_000):
        torch.manual_seed(looks)
        runtime = make_runtime(tmp_path / "cut", stop=StopAfter(looks), precision=precision)
        try:
            model = fit(name, stripes, runtime)
            break
        except Interrupted:
            interruptions += 1
    assert interruptions >= 2
    expected, found = weights(plain), weights(model)
    assert expected.keys() == found.keys()
    for key in expected:
        assert torch.equal(expected[key], found[key]), key


def test_stages_of_a_run_have_names_of_their_own(stripes: BenchmarkData, tmp_path: Path) -> None:
    seen: list[str] = []

    def sink(event: object) -> None:
        if isinstance(event, Progress):
            seen.append(event.task)

    fit("regene", stripes, make_runtime(tmp_path, emit=sink))
    assert list(dict.fromkeys(seen)) == ["classifier", "decoder"]
