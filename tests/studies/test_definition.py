"""A study's file is validated once, and says what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from regene_bench.base.errors import ConfigError, UsageError
from regene_bench.plugins.host import load_plugins
from regene_bench.studies.definition import load_study, make_figures, parse_study

TEXT = """
name = "small"
version = 1
title = "A small study"
source = "nobody"
benchmarks = ["digits"]
methods = "regene"
settings = ["regene.n_combined=2"]

[presets.quick]
benchmarks = ["mnist"]
methods = "autoencoder"
settings = ["autoencoder.images=100"]

[presets.paper.figures.collage]
columns = 30

[[figures]]
kind = "collage"
[figures.options]
columns = 4
"""


def test_a_preset_changes_what_it_names_and_keeps_the_rest() -> None:
    study = parse_study(TEXT, "small.toml")
    quick, standard = study.at("quick"), study.at("standard")
    assert (quick.methods, quick.settings) == ("autoencoder", ["autoencoder.images=100"])
    assert (standard.methods, standard.settings) == ("regene", ["regene.n_combined=2"])
    assert (quick.benchmarks, standard.benchmarks) == (["mnist"], ["digits"])
    assert quick.figures == study.figures


def test_a_preset_changes_options_of_figures_and_keeps_the_rest() -> None:
    text = TEXT.replace("columns = 4", 'columns = 4\nname = "own"')
    study = parse_study(text, "small.toml")
    assert study.at("paper").figures[0].options == {"columns": 30, "name": "own"}
    assert study.at("standard").figures == study.figures
    assert study.at("paper").methods == study.methods


def test_options_of_a_figure_that_the_study_does_not_draw_are_refused() -> None:
    study = parse_study(TEXT, "small.toml")
    with pytest.raises(UsageError, match="draws no 'curve'") as caught:
        study.with_options({"curve": {"columns": 3}})
    assert "collage" in (caught.value.hint or "")
    with pytest.raises(ConfigError, match=r"presets\.paper\.figures\.curve"):
        parse_study(TEXT.replace("paper.figures.collage", "paper.figures.curve"), "small.toml")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("methods =", "method =", "'methods' is missing"),
        ("[presets.quick]", "[presets.quack]", "quick"),
        ("kind =", "kidn =", "Did you mean 'kind'"),
        ("title =", "title", "not valid TOML"),
    ],
)
def test_a_bad_file_is_named_with_what_is_wrong(old: str, new: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"small\.toml") as caught:
        parse_study(TEXT.replace(old, new), "small.toml")
    assert said in str(caught.value) + (caught.value.hint or "")


def test_an_unknown_study_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        load_study(load_plugins(), "case-stury")
    assert "case-study" in (caught.value.hint or "")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.toml"):
        load_study(load_plugins(), str(tmp_path / "absent.toml"))


def test_bad_options_of_a_figure_name_study_and_figure() -> None:
    study = parse_study(TEXT.replace("columns = 4", "column = 4"), "small.toml")
    with pytest.raises(ConfigError, match=r"small: figures\[0\] \(collage\)") as caught:
        make_figures(load_plugins(), study)
    assert "Did you mean 'columns'" in str(caught.value)


def test_every_registered_study_is_valid_and_named_as_registered() -> None:
    host = load_plugins()
    names = [entry.name for entry in host.entries("study")]
    assert len(names) >= 12
    for name in names:
        study = load_study(host, name)
        assert study.name == name
        assert make_figures(host, study)


def test_every_column_that_a_registered_study_shows_is_measured_by_its_metrics() -> None:
    host = load_plugins()
    for entry in host.entries("study"):
        study = load_study(host, entry.name)
        known = {
            column.name
            for table in (study, *(study.at(preset) for preset in study.presets))
            for text in table.metrics
            for column in host.find("metric", text.partition("[")[0]).load().columns
        }
        shown = {name for figure in study.figures for name in figure.options.get("columns", [])}
        assert shown <= known, f"{study.name}: {sorted(shown - known)}"
