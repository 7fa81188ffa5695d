"""A checkpoint that cannot be the state of its stage is not believed: training starts over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from regene_bench.base.errors import Interrupted
from regene_bench.base.events import Event, Message
from regene_bench.data.device_images import BenchmarkData
from regene_bench.runtime.checkpoints import CheckpointStore
from regene_bench.training.loop import train
from tests.methods.builders import make_data, make_runtime

from .builders import STEPS, StopAfterStep, Tiny, state_of

State = dict[str, Any]


@pytest.fixture(scope="module")
def data() -> BenchmarkData:
    return make_data()


def _set(key: str, value: Any) -> Callable[[State], Any]:
    return lambda state: state | {key: value}


def _without(key: str) -> Callable[[State], Any]:
    return lambda state: {name: value for name, value in state.items() if name != key}


def _other_optimizer(state: State) -> State:
    groups = [{"params": [0], "lr": 0.1, "initial_lr": 0.1}]
    return state | {"optimizers": {"adam": {"state": {}, "param_groups": groups}}}


def _no_initial_rate(state: State) -> State:
    adam = state["optimizers"]["adam"]
    groups = [{k: v for k, v in g.items() if k != "initial_lr"} for g in adam["param_groups"]]
    return state | {"optimizers": {"adam": adam | {"param_groups": groups}}}


def _cut_weight(state: State) -> State:
    network = state["modules"]["network"]
    return state | {"modules": {"network": network | {"2.weight": network["2.weight"][:1]}}}


NONSENSE: dict[str, tuple[Callable[[State], Any], str]] = {
    "no mapping": (lambda _: [1, 2], "valid dictionary"),
    "nothing": (lambda _: {}, "done: Field required"),
    "no done": (_without("done"), "done: Field required"),
    "no modules": (_without("modules"), "modules: Field required"),
    "far away": (lambda s: s | {"step": 10**9, "done": True}, "ended at step 1000000000 of 6"),
    "ended early": (_set("done", True), "ended at step 3 of 6"),
    "not ended": (_set("step", STEPS), "under way at step 6 of 6"),
    "before the start": (_set("step", -1), "greater than or equal to 0"),
    "half a step": (_set("step", 2.5), "step"),
    "true steps": (_set("step", True), "step"),
    "endless": (_set("seconds", float("inf")), "seconds"),
    "negative time": (_set("seconds", -1.0), "seconds"),
    "losses": (_set("losses", [1.0]), "losses"),
    "another stage": (_set("stage", "other"), "it is of the stage 'other'"),
    "another network": (_cut_weight, "another network"),
    "words for weights": (_set("modules", {"network": {"2.weight": "x"}}), "another network"),
    "no optimiser": (_set("optimizers", {}), "it has the optimisers none"),
    "an optimiser's words": (_set("optimizers", {"adam": {"state": 1}}), "has no state"),
    "another optimiser": (_other_optimizer, "of other parameters"),
    "no first rate": (_no_initial_rate, "lacks a rate"),
    "no random stream": (_without("rng"), "its random stream is none"),
    "a word for a stream": (_set("rng", "x"), "its random stream rng is none"),
    "a short stream": (_set("rng", torch.zeros(3, dtype=torch.uint8)), "its random stream is none"),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_starts_over_says_so_and_ends_the_same(
    name: str, data: BenchmarkData, tmp_path: Path
) -> None:
    spoil, reason = NONSENSE[name]
    plain = Tiny(make_runtime(tmp_path / "plain"))
    train(plain.stage(), data.train, make_runtime(tmp_path / "plain"))
    runtime = make_runtime(tmp_path / "cut", stop=StopAfterStep(3))
    with pytest.raises(Interrupted):
        train(Tiny(runtime).stage(), data.train, runtime)
    store = CheckpointStore(tmp_path / "cut")
    store.save("tiny", spoil(store.load("tiny")))

    told: list[Event] = []
    again = Tiny(make_runtime(tmp_path / "cut"))
    train(again.stage(), data.train, make_runtime(tmp_path / "cut", emit=told.append))
    (said,) = [e.text for e in told if isinstance(e, Message)]
    assert reason in said
    assert said.endswith("starting over")
    assert "\n" not in said
    assert len(again.batches) == STEPS
    for key, value in state_of(plain).items():
        assert torch.equal(value, state_of(again)[key]), key


def test_checkpoints_of_versions_that_named_no_stage_are_gone_on_from(
    data: BenchmarkData, tmp_path: Path
) -> None:
    runtime = make_runtime(tmp_path, stop=StopAfterStep(3))
    with pytest.raises(Interrupted):
        train(Tiny(runtime).stage(), data.train, runtime)
    store = CheckpointStore(tmp_path)
    store.save("tiny", _without("stage")(store.load("tiny")))
    again = Tiny(make_runtime(tmp_path))
    train(again.stage(), data.train, make_runtime(tmp_path))
    assert len(again.batches) == STEPS - 3
