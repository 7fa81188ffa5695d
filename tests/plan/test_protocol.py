"""Protocols: all shipped ones are valid; errors name file, key, value and the nearest right one."""

from __future__ import annotations

from pathlib import Path

import pytest

from regene_bench.base.errors import ConfigError, UsageError
from regene_bench.data.shapes import PRESETS, ImageShape
from regene_bench.plan.metrics import choose_metrics, extractors_of
from regene_bench.plan.protocol import load_benchmark, parse_benchmark
from regene_bench.plan.runs import choose
from regene_bench.plan.selection import Selection
from regene_bench.plugins.host import load_plugins
from tests.conftest import tiny_protocol_text

HOST = load_plugins()
SHIPPED = [
    entry.name for entry in HOST.entries("benchmark") if entry.distribution == "regene-bench"
]


def test_the_shipped_protocols() -> None:
    assert set(SHIPPED) >= {
        "digits",
        "mnist",
        "fashion-mnist",
        "cifar10",
        "celeba64",
        "celeba128",
        "anime128",
        "clothing",
    }


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_protocol_is_valid_and_names_what_exists(name: str) -> None:
    benchmark = load_benchmark(HOST, name)
    assert benchmark.name == name
    HOST.find("dataset", benchmark.data.source).load()
    extractors = extractors_of(choose_metrics(HOST, benchmark))
    for preset in PRESETS:
        assert set(benchmark.presets[preset].extractors) <= set(extractors)
        selections = [Selection(method, ({},)) for method in benchmark.default_methods]
        assert choose(HOST, benchmark, selections, [0], preset, {})


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("digits", ImageShape(1, 8, 8, 10)),
        ("mnist", ImageShape(1, 28, 28, 10)),
        ("cifar10", ImageShape(3, 32, 32, 10)),
        ("celeba64", ImageShape(3, 64, 64, 2)),
        ("clothing", ImageShape(3, 64, 64, 2)),
    ],
)
def test_shapes_are_known_before_data_are_read(name: str, shape: ImageShape) -> None:
    assert load_benchmark(HOST, name).data.shape == shape


def test_an_unknown_benchmark_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="Did you mean 'cifar10'"):
        load_benchmark(HOST, "cifar-10")


def test_a_protocol_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text(tiny_protocol_text("neutral", rank_by="accuracy_neutral"))
    assert load_benchmark(HOST, str(path)).name == "tiny"


def test_a_protocol_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"Cannot read .*gone\.toml: No such file"):
        load_benchmark(HOST, str(tmp_path / "gone.toml"))


TEXT = tiny_protocol_text("neutral", rank_by="accuracy_neutral")


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("title =", "titel =", ["'titel' (value 'a few digits')", "Did you mean 'title'"]),
        ("classes =", "clases =", ["'data.clases' (value 10)", "Did you mean 'classes'"]),
        ("n_generated", "n_genrated", ["presets.quick.n_genrated", "Did you mean 'n_generated'"]),
        ("[presets.quick]", "[presets.quik]", ["presets.quik", "Did you mean 'quick'"]),
        ('"train"', '"trian"', ["evaluation.reference_split = 'trian'", "Did you mean 'train'"]),
        ("height = 8", "height = 0", ["data.height = 0", "greater than or equal to 4"]),
        ("channels = 1", "channels = 4", ["data.channels = 4", "less than or equal to 3"]),
        ("n_generated = 40", "n_generated = 1", ["presets.quick.n_generated = 1"]),
        ("version = 1", 'version = "one"', ["version = 'one'", "integer"]),
        ('name = "tiny"', 'name = "../up"', ["name = '../up'"]),
        ('name = "tiny"', "", ["the key 'name' is missing"]),
        ('metrics = ["neutral"]', "metrics = []", ["evaluation.metrics = []"]),
        ("[data]", "[augmentation]\nhorizontal_flp = true\n[data]", ["Did you mean 'horizontal_"]),
        ("title = ", "title ", ["not valid TOML"]),
    ],
)
def test_errors_name_file_key_and_value(old: str, new: str, parts: list[str]) -> None:
    assert old in TEXT
    with pytest.raises(ConfigError) as caught:
        parse_benchmark(TEXT.replace(old, new), "my.toml")
    message = str(caught.value)
    assert message.startswith("my.toml: ")
    for part in parts:
        assert part in message


def test_a_preset_that_is_missing_is_named() -> None:
    text = TEXT[: TEXT.index("[presets.standard]")]
    with pytest.raises(ConfigError, match="presets lacks standard, paper"):
        parse_benchmark(text, "my.toml")


def test_what_scores_do_not_depend_on_is_not_in_the_identity() -> None:
    plain = parse_benchmark(TEXT, "a").identity("quick")
    text = TEXT.replace("a few digits", "another title").replace('["real"]', '["cgan"]')
    text = text.replace("accuracy_neutral", "is_neutral").replace('"quick"', '"paper"')
    assert text != TEXT
    assert parse_benchmark(text, "b").identity("quick") == plain
    # of the presets, the chosen one alone counts
    begin = TEXT.index("[presets.paper]")
    text = TEXT[:begin] + TEXT[begin:].replace("= 40", "= 41")
    assert parse_benchmark(text, "c").identity("quick") == plain
    assert parse_benchmark(text, "c").identity("paper") != parse_benchmark(TEXT, "c").identity(
        "paper"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version = 1", "version = 2"),
        ('name = "tiny"', 'name = "tinier"'),
        ("height = 8", "height = 9"),
        ('"train"', '"test"'),
        ("[data]", "[augmentation]\nhorizontal_flip = true\n[data]"),
        ("n_reference = 60", "n_reference = 61"),
        ("epochs = 1.0", "epochs = 2.0"),
    ],
)
def test_what_scores_depend_on_is_in_the_identity(old: str, new: str) -> None:
    assert old in TEXT
    plain = parse_benchmark(TEXT, "a").identity("quick")
    assert parse_benchmark(TEXT.replace(old, new), "a").identity("quick") != plain
