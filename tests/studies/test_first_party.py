"""Every study of this distribution is told by ``info``, and can be drawn under every preset."""

from __future__ import annotations

import pytest

from regene_bench.cli.descriptions import describe_study
from regene_bench.data.shapes import PRESETS
from regene_bench.plugins.entries import Entry
from regene_bench.plugins.host import load_plugins
from regene_bench.studies.definition import load_study, make_figures
from tests.first_party import entries

STUDIES = entries("study")


@pytest.mark.parametrize("entry", STUDIES, ids=[entry.name for entry in STUDIES])
def test_a_study_is_told(entry: Entry) -> None:
    host = load_plugins()
    study = load_study(host, entry.name)
    text = "\n".join(describe_study(host, entry, ""))
    for part in (study.title, study.source, study.description.strip(), study.methods.split(",")[0]):
        assert part in text
    assert all(figure.kind in text for figure in study.figures)
    for preset in PRESETS:
        assert (f"preset {preset}:" in text) == (preset in study.presets)
        assert len(make_figures(host, study.at(preset))) == len(study.figures)
    assert text.endswith(f"Run it with `regene-bench study {entry.name}`.")


def test_options_of_figures_are_told_where_a_preset_changes_them() -> None:
    (entry,) = (entry for entry in STUDIES if entry.name == "augmentation")
    text = "\n".join(describe_study(load_plugins(), entry, ""))
    assert "figure     augmentation: originals=all" in text
