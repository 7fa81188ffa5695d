"""Runs that differ only in how they draw are trained once, and score as if each had been."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from regene_bench_plugins.methods.autoencoder import Autoencoder
from regene_bench_plugins.methods.regene.regene import ReGene
from regene_bench_plugins.methods.vae.cv_vae import CVVAE
from regene_bench_plugins.methods.vae.lvpga import LVPGA
from regene_bench_plugins.methods.vae.rae_sn import RAESN
from regene_bench_plugins.methods.vae.two_stage_vae import TwoStageVAE
from regene_bench_plugins.methods.vae.vae import VAE
from regene_bench_plugins.methods.vae.wae import WAE

from regene_bench.api import Method
from regene_bench.base.events import Event, Message, Progress
from regene_bench.harness.campaign import run_campaign
from regene_bench.harness.options import Options
from regene_bench.leaderboard.one_run import read_run

SIZES = [
    *("autoencoder.encoder_width=8", "autoencoder.encoder_narrowest=4"),
    *("autoencoder.decoder_width=8", "autoencoder.decoder_narrowest=4"),
]
SHARING = [ReGene, Autoencoder, VAE, CVVAE, WAE, RAESN, LVPGA, TwoStageVAE]


class Call:
    """One call of the command on a folder of results, and what it told."""

    def __init__(self, protocol: Path, results: Path, methods: str, **options: Any) -> None:
        self.told: list[Event] = []
        self.stage = options.pop("stage", "autoencoder")
        settings = options.pop("settings", ["autoencoder.images=320"])
        settings = [*options.pop("sizes", SIZES), *settings]
        chosen = Options(methods=methods, preset="quick", device="cpu", settings=settings)
        chosen = replace(chosen, results=results, **options)
        self.ids = [r.run_id for r in run_campaign(str(protocol), chosen, self.told.append).ran]

    @property
    def taken_over(self) -> list[str]:
        texts = [event.text for event in self.told if isinstance(event, Message)]
        return [text for text in texts if "is trained as run" in text]

    @property
    def trained(self) -> set[str]:
        events = [event for event in self.told if isinstance(event, Progress)]
        return {e.task for e in events if e.task.endswith(f": {self.stage}")}


def values(results: Path, run_id: str) -> dict[tuple[str, str | None], float | None]:
    return {(s.metric, s.class_name): s.value for s in read_run(results, run_id).scores}


def test_the_second_run_takes_the_training_over_and_scores_as_if_it_had_its_own(
    tmp_path: Path, light_protocol: Path
) -> None:
    shared, own = tmp_path / "shared", tmp_path / "own"
    both = Call(light_protocol, shared, "autoencoder[n_combined=2|3]")
    assert len(both.ids) == 2
    (message,) = both.taken_over
    assert f"is trained as run {both.ids[0]} is: only n_combined differs" in message
    assert len(both.trained) == 1
    alone = Call(light_protocol, own, "autoencoder[n_combined=3]")
    assert alone.ids == both.ids[1:]
    assert not alone.taken_over
    assert values(shared, both.ids[1]) == values(own, alone.ids[0])
    first, second = (read_run(shared, run_id) for run_id in both.ids)
    assert second.fit_seconds == pytest.approx(first.fit_seconds, abs=1.0)
    assert second.fit_seconds is not None
    assert second.fit_seconds > 0


@pytest.mark.parametrize(
    ("method", "stage"), [("vae", "vae"), ("two_stage_vae", "first_stage")], ids=lambda name: name
)
def test_networks_that_see_no_labels_serve_with_and_without_classes(
    method: str, stage: str, tmp_path: Path, light_protocol: Path
) -> None:
    sizes = ["images=320", "encoder_width=8", "encoder_narrowest=4", "decoder_width=8"]
    sizes += ["decoder_narrowest=4", "latent_dim=4", "second_images=1000", "second_width=8"]
    options: dict[str, Any] = {"sizes": [f"{method}.{size}" for size in sizes], "settings": []}
    options["metrics"] = "is[extractor=neutral]"
    shared, own = tmp_path / "shared", tmp_path / "own"
    both = Call(light_protocol, shared, f"{method}[conditional=true|false]", stage=stage, **options)
    assert len(both.trained) == 1
    (message,) = both.taken_over
    assert "only conditional differs" in message
    alone = Call(light_protocol, own, f"{method}[conditional=false]", stage=stage, **options)
    assert alone.ids == both.ids[1:]
    assert len(alone.trained) == 1
    measured = values(own, alone.ids[0])
    assert measured["inception_score", None] is not None
    assert values(shared, both.ids[1]) == measured


@pytest.mark.slow
def test_regene_is_trained_once_for_all_its_samplers(tmp_path: Path, light_protocol: Path) -> None:
    sizes = ["encoder_width=8", "encoder_narrowest=4", "decoder_width=8", "decoder_narrowest=4"]
    sizes += ["classifier_images=3000", "classifier_learning_rate=1e-2", "decoder_images=320"]
    sizes += ["threshold=none", "density_dim=4", "flow_images=640", "flow_width=8"]
    options: dict[str, Any] = {"sizes": [f"regene.{size}" for size in sizes], "settings": []}
    shared, own = tmp_path / "shared", tmp_path / "own"
    methods = "regene[sampler=convex|gaussian|mixture|flow],regene[sampler=flow,flow_bins=4]"
    all_of_them = Call(light_protocol, shared, methods, stage="decoder", **options)
    assert len(all_of_them.ids) == 5
    assert len(all_of_them.trained) == 1
    assert len(all_of_them.taken_over) == 4
    assert "only sampler differs" in all_of_them.taken_over[0]
    alone = Call(light_protocol, own, "regene[sampler=flow]", stage="decoder", **options)
    assert alone.ids == all_of_them.ids[3:4]
    assert not alone.taken_over
    measured = values(own, alone.ids[0])
    assert measured["accuracy_neutral", None] is not None
    assert values(shared, alone.ids[0]) == measured


@pytest.mark.parametrize(
    "other",
    [
        {"seeds": "7,8"},
        {"settings": ["autoencoder.images=384"]},
        {"precision": "bfloat16"},
        {"force": True},
    ],
    ids=str,
)
def test_another_training_is_not_taken_over(
    other: dict[str, Any], tmp_path: Path, light_protocol: Path
) -> None:
    Call(light_protocol, tmp_path, "autoencoder", precision="float32")
    second = Call(
        light_protocol, tmp_path, "autoencoder[n_combined=3]", **{"precision": "float32"} | other
    )
    assert not second.taken_over
    assert len(second.trained) == len(second.ids)


def test_training_with_another_augmentation_is_not_taken_over(
    tmp_path: Path, light_protocol: Path
) -> None:
    flipped = tmp_path / "light.toml"
    text = light_protocol.read_text()
    assert "[augmentation]" not in text
    flipped.write_text(text + "\n[augmentation]\nhorizontal_flip = true\n")
    first = Call(light_protocol, tmp_path / "results", "autoencoder")
    second = Call(flipped, tmp_path / "results", "autoencoder")
    assert first.ids != second.ids
    assert not second.taken_over
    assert second.trained


def test_what_an_older_run_does_not_tell_is_another_training(
    tmp_path: Path, light_protocol: Path
) -> None:
    first = Call(light_protocol, tmp_path, "autoencoder")
    file = tmp_path / "runs" / first.ids[0] / "run.json"
    told = json.loads(file.read_text())
    del told["params"]["dirichlet"], told["augmentation"], told["checksum"]
    file.write_text(json.dumps(told))
    assert not Call(light_protocol, tmp_path, "autoencoder[n_combined=3]").taken_over


def test_a_damaged_folder_beside_it_does_not_matter(tmp_path: Path, light_protocol: Path) -> None:
    Call(light_protocol, tmp_path, "autoencoder")
    (tmp_path / "runs" / "0000").mkdir()
    (tmp_path / "runs" / "0000" / "checkpoints").mkdir()
    (tmp_path / "runs" / "0000" / "run.json").write_text('{"params": 3')
    (tmp_path / "runs" / "0001").mkdir()
    (tmp_path / "runs" / "0001" / "checkpoints").mkdir()
    (tmp_path / "runs" / "0001" / "run.json").write_text('{"params": 3}')
    assert Call(light_protocol, tmp_path, "autoencoder[n_combined=3]").taken_over


def test_a_flipped_digit_does_not_make_another_training_the_same(
    tmp_path: Path, light_protocol: Path
) -> None:
    first = Call(light_protocol, tmp_path, "autoencoder")
    file = tmp_path / "runs" / first.ids[0] / "run.json"
    file.write_text(file.read_text().replace('"images": 320', '"images": 384'))
    second = Call(light_protocol, tmp_path, "autoencoder", settings=["autoencoder.images=384"])
    assert not second.taken_over
    assert second.trained
    assert any("is not what was written" in e.text for e in second.told if isinstance(e, Message))


@pytest.mark.parametrize("method", SHARING)
def test_what_training_does_not_look_at_are_parameters(method: type[Method]) -> None:
    assert method.sampling_params
    assert method.sampling_params <= set(method.Config.model_fields)
