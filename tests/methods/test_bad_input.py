"""What cannot work ends in a failed row that says why, and leaves the other runs alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from regene_bench.harness.campaign import Options, run_campaign

TINY: dict[str, Any] = {
    "classifier_images": 1280,
    "decoder_images": 64,
    "encoder_width": 16,
    "encoder_narrowest": 8,
    "decoder_width": 8,
    "decoder_narrowest": 8,
}


def failure(protocol: Path, results: Path, **changes: Any) -> str:
    """Run ReGene on the digits beside the real images; give the message of its row."""
    settings = tuple(f"regene.{key}={value}" for key, value in (TINY | changes).items())
    outcome = run_campaign(
        str(protocol),
        Options(
            methods="regene,real",
            metrics="trials",
            settings=settings,
            results=results,
            device="cpu",
        ),
    )
    regene, real = outcome.ran
    assert regene.status == "failed"
    assert real.status == "ok"
    assert outcome.exit_code == 3
    return regene.error_message or ""


def test_more_combined_than_a_class_has(light_protocol: Path, tmp_path: Path) -> None:
    message = failure(light_protocol, tmp_path, n_combined=500)
    assert "training images; combinations of 500 need" in message


UNTRAINED = {"classifier_images": 64, "classifier_learning_rate": 1e-9}


def test_a_class_for_which_no_combined_latent_is_taken(
    light_protocol: Path, tmp_path: Path
) -> None:
    message = failure(light_protocol, tmp_path, max_trials=7, **UNTRAINED)
    assert "No valid combination in 7 trials for class" in message
    assert "not even in latent space" in message
    assert "Train the classifier longer" in message


def test_a_class_without_a_rightly_classified_latent(light_protocol: Path, tmp_path: Path) -> None:
    message = failure(light_protocol, tmp_path, pool="right", **UNTRAINED)
    assert "has 0 training images that the classifier gets right" in message
    assert "or train longer" in message


def test_a_class_that_never_reaches_its_threshold(light_protocol: Path, tmp_path: Path) -> None:
    message = failure(light_protocol, tmp_path, threshold=1.0, max_trials=7)
    assert "No valid combination in 7 trials for class" in message
    assert "(confidence at least 1.0000)" in message


def test_perceptual_weights_that_are_not_there(
    light_protocol: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGENE_BENCH_OFFLINE", "1")
    message = failure(light_protocol, tmp_path, l3=1.0, perceptual="inception")
    assert "weights fetch inception" in message
