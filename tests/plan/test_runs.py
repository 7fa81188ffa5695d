"""Plans: stable ids, presets, settings and grids, and errors before anything is trained."""

from __future__ import annotations

from typing import Any

import pytest

from regene_bench.base.errors import ConfigError, UsageError
from regene_bench.plan.protocol import Benchmark
from regene_bench.plan.runs import Choice, Run, check_preset, choose, identify
from regene_bench.plan.selection import Selection, parse_selections
from regene_bench.plugins.host import load_plugins
from regene_bench.training.method import Method
from tests.harness.builders import Flat, FlatVersion2, benchmark, choice, entry, run_of

HOST = load_plugins()


def id_of(
    wanted: Choice | None = None,
    protocol: Benchmark | None = None,
    preset: Any = "quick",
    fingerprint: str = "f00d",
) -> str:
    (run,) = identify([wanted or choice()], protocol or benchmark(), preset, fingerprint)
    return run.run_id


def test_the_id_of_a_run_is_this_literal() -> None:
    # Changing it makes every finished run of every user be repeated: raise a version instead.
    assert id_of() == "550b0b30bbbba363"


def test_the_id_changes_with_all_that_scores_depend_on() -> None:
    other_dist = Choice(**(vars(choice()) | {"entry": entry(distribution="other-dist")}))
    other_name = Choice(**(vars(choice()) | {"entry": entry(name="other")}))
    ids = [
        id_of(),
        id_of(choice(seed=1)),
        id_of(choice(value=0.25)),
        id_of(choice(depth=4)),
        id_of(choice(FlatVersion2)),
        id_of(other_dist),
        id_of(other_name),
        id_of(fingerprint="f00e"),
        id_of(protocol=benchmark(**{"version = 1": "version = 2"})),
        id_of(protocol=benchmark(**{"n_generated = 40": "n_generated = 41"})),
    ]
    assert len(set(ids)) == len(ids)


def test_the_id_does_not_change_with_the_order_of_keys() -> None:
    assert id_of(choice(value=0.1, depth=1)) == id_of(choice(depth=1, value=0.1))
    text = {"channels = 1\nheight = 8": "height = 8\nchannels = 1"}
    assert benchmark(**text) == benchmark()
    assert id_of(protocol=benchmark(**text)) == id_of()


def test_a_default_that_is_written_out_is_the_same_run() -> None:
    assert id_of(choice(value=0.5)) == id_of()


def test_a_preset_of_equal_tables_is_the_same_run_and_a_table_of_its_own_is_not() -> None:
    assert id_of(preset="quick") == id_of(preset="paper")
    begin = "[presets.paper]\nn_generated = 40"
    protocol = benchmark(**{begin: begin.replace("40", "50")})
    assert id_of(protocol=protocol, preset="paper") != id_of(protocol=protocol, preset="quick")


def test_a_protocol_that_measures_more_has_the_same_runs() -> None:
    more = benchmark(**{'metrics = ["mean"]': 'metrics = ["mean", "fid"]'})
    assert more.evaluation.metrics == ["mean", "fid"]
    assert id_of(protocol=more) == id_of()


def test_equal_choices_fold_into_one_run() -> None:
    runs = identify([choice(), choice(value=0.5), choice(seed=1)], benchmark(), "quick", "f00d")
    assert [run.seed for run in runs] == [0, 1]


def test_device_executor_and_time_have_no_place_in_a_run() -> None:
    assert set(Run.__dataclass_fields__).isdisjoint({"device", "precision", "executor", "time"})
    assert run_of().title == "flat · seed 0"


@pytest.fixture
def flat_host(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A host whose only method is ``flat``."""

    class Host:
        def find(self, kind: str, name: str, *, home: str = "") -> Any:
            if name != "flat":
                raise UsageError(f"There is no method {name!r}.")

            class Found:
                name = "flat"
                distribution = "some-dist"
                described = "The method 'flat' of some-dist 1.0"
                qualified_name = "some-dist:flat"

                def load(self) -> type[Method]:
                    return Flat

            return Found()

    return Host()


def params(choices: list[Choice]) -> list[tuple[int, dict[str, Any]]]:
    return [(c.seed, c.config.model_dump()) for c in choices]


def test_grids_times_seeds(flat_host: Any) -> None:
    choices = choose(
        flat_host, benchmark(), parse_selections("flat[value=0|1,depth=1|2]"), [3, 5], "quick", {}
    )
    expected = [(s, {"value": v, "depth": d}) for v in (0, 1) for d in (1, 2) for s in (3, 5)]
    assert params(choices) == expected
    assert choices[0].title == "flat[value=0, depth=1]"


def test_what_one_runs_method_writes_into_its_configuration_is_not_in_anothers(
    flat_host: Any,
) -> None:
    first, second = choose(flat_host, benchmark(), [Selection("flat", ({},))], [0, 1], "quick", {})
    assert first.config == second.config
    assert first.config is not second.config


def test_a_grid_wins_over_a_setting_and_a_setting_over_the_preset(flat_host: Any) -> None:
    settings = {"flat": {"depth": 7, "value": 0.25}}
    chosen = choose(
        flat_host, benchmark(), parse_selections("flat[value=1]"), [0], "paper", settings
    )
    assert params(chosen) == [(0, {"value": 1.0, "depth": 7})]
    chosen = choose(flat_host, benchmark(), parse_selections("flat"), [0], "paper", {})
    assert params(chosen) == [(0, {"value": 0.5, "depth": 9})]


@pytest.mark.parametrize(
    ("methods", "parts"),
    [
        ("cgan[noise_dim=-1]", ["method cgan: noise_dim = -1", "greater than or equal to 0"]),
        ("cgan[noise_dmi=1]", ["'noise_dmi' (value 1)", "Did you mean 'noise_dim'"]),
        ("cgan[noise_dim=many]", ["noise_dim = 'many'", "integer"]),
        ("cgan[noise_dim=4|8|-2]", ["noise_dim = -2"]),
        ("cgan[generator_learning_rate=NaN]", ["generator_learning_rate = nan"]),
        ("cgan[generator_learning_rate=Infinity]", ["generator_learning_rate = inf"]),
    ],
)
def test_an_impossible_parameter_is_found_before_data_are_read(
    methods: str, parts: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        choose(HOST, benchmark(), parse_selections(methods), [0], "quick", {})
    for part in parts:
        assert part in str(caught.value)


def test_an_unknown_method_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="Did you mean 'regene'"):
        choose(HOST, benchmark(), [Selection("regen", ({},))], [0], "quick", {})


def test_a_setting_for_a_method_that_is_not_chosen() -> None:
    selections = parse_selections("cgan,real")
    with pytest.raises(UsageError, match="names 'cvae', which is not among") as caught:
        choose(HOST, benchmark(), selections, [0], "quick", {"cvae": {"latent_dim": 3}})
    assert "cgan, real" in caught.value.hint
    with pytest.raises(UsageError, match="Did you mean 'cgan'"):
        choose(HOST, benchmark(), selections, [0], "quick", {"cgn": {"noise_dim": 3}})


def test_presets_by_name() -> None:
    assert check_preset("paper") == "paper"
    with pytest.raises(UsageError, match="Did you mean 'standard'"):
        check_preset("standart")
