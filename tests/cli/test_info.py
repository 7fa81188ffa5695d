"""``info``: what a thing is and what can be set."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Cli
from tests.plugins.distributions import GOOD, install

CONFIGURED = GOOD.replace(
    "from regene_bench.api import Method",
    "from pydantic import Field\nfrom regene_bench.api import Method, MethodConfig\n"
    "class Config(MethodConfig):\n    '''Mine.\n\n    Attributes:\n"
    "        depth: How deep it\n            goes.\n    '''\n"
    "    depth: int = Field(default=3, ge=1, le=9)\n    rate: float\n",
).replace(
    "class Mine(Method):\n",
    "class Mine(Method):\n    '''A method of mine.'''\n    Config = Config\n"
    "    @classmethod\n    def preset(cls, preset, shape):\n"
    "        return {'depth': shape.height}\n",
)


def test_a_method(cli: Cli, plugins: Path) -> None:
    install(plugins, "fake-good", CONFIGURED)
    done = cli("info", "mine", "--benchmark", "digits")
    text = " ".join(done.stdout.split())
    assert done.returncode == 0
    for part in (
        "method mine: my method",
        "from fake-good 1.2",
        "A method of mine.",
        "depth int 3 ≥ 1, ≤ 9 How deep it goes.",
        "rate float required",
        "paper depth=8",
    ):
        assert part in text


SAMPLED = CONFIGURED.replace(
    "    Config = Config\n", "    Config = Config\n    sampling_params = frozenset({'rate'})\n"
)


def test_parameters_that_change_samples_alone_are_marked(cli: Cli, plugins: Path) -> None:
    install(plugins, "fake-good", SAMPLED)
    text = " ".join(cli("info", "mine", "--for", "fashion-mnist").stdout.split())
    assert "depth int 3 ≥ 1, ≤ 9 training How deep it goes." in text
    assert "rate float required samples" in text
    assert "for the images of fashion-mnist (1×28×28, 10 classes): quick depth=28" in text


def test_without_a_benchmark_presets_are_those_of_one_that_has_the_method(cli: Cli) -> None:
    assert "Presets, for the images of digits (1×8×8" in cli("info", "cgan").stdout


def test_a_benchmark_says_what_is_augmented(cli: Cli) -> None:
    text = " ".join(cli("info", "cifar10").stdout.split())
    assert "augmented horizontal_flip=True" in text
    assert "in the batches of regene (stage 'classifier'), neutral (stage 'neutral" in text


def test_a_study_and_a_figure(cli: Cli) -> None:
    study = " ".join(cli("info", "table-4").stdout.split())
    for part in ("study table-4", "methods real,cvae", "score_table columns=['inception_score'"):
        assert part in study
    figure = " ".join(cli("info", "score_table").stdout.split())
    assert "columns list of str required Columns of the leaderboard" in figure
    assert "drawn by the studies: architectures, " in figure


def test_a_method_in_a_file(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "idea.py").write_text(CONFIGURED)
    text = " ".join(cli("info", "idea.py:Mine").stdout.split())
    assert "from file:" in text
    assert "--methods 'idea.py:Mine[KEY=VALUE]'" in text


def test_a_benchmark_and_a_data_set_of_one_name(cli: Cli) -> None:
    text = cli("info", "digits").stdout
    for part in ("benchmark digits", "dataset digits", "1×8×8, 10 classes", "ranked by", "presets"):
        assert part in text
    assert "dataset digits" not in cli("info", "digits", "--kind", "benchmark").stdout


def test_unknown_names(cli: Cli) -> None:
    done = cli("info", "regen")
    assert done.returncode == 2
    assert "Did you mean 'regene'?" in done.stderr
    assert "Did you mean 'metric'?" in cli("info", "fid", "--kind", "metrics").stderr


def test_a_name_of_two_distributions(cli: Cli, plugins: Path) -> None:
    install(plugins, "fake-good", GOOD.replace('"mine"', '"cgan"'))
    done = cli("info", "cgan")
    assert done.returncode == 2
    assert "fake-good:cgan" in done.stderr
    assert "from fake-good" in cli("info", "fake-good:cgan").stdout
