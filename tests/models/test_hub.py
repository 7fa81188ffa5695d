"""A model that goes to the Hub and comes back from it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch

import regene_bench
from regene_bench.base.errors import UnavailableError
from regene_bench.models.export import export
from regene_bench.publish.hub import upload
from tests.data.hub_files import COMMIT, serving
from tests.publish.hub_server import running_hub


@pytest.fixture
def exported(results: Path, runs: Mapping[str, str], tmp_path: Path) -> dict[str, bytes]:
    """The files of a model, by name."""
    export(runs["cgan"], tmp_path / "model", results)
    return {path.name: path.read_bytes() for path in (tmp_path / "model").iterdir()}


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """The Hub's client with an empty cache, and a network."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_PROGRESS_BARS", True)
    monkeypatch.setenv("HF_TOKEN", "hf_for_tests_only")
    monkeypatch.delenv("REGENE_BENCH_OFFLINE", raising=False)
    return monkeypatch


def test_all_files_arrive(exported: dict[str, bytes], client: pytest.MonkeyPatch) -> None:
    with running_hub() as hub:
        upload("me/boards", exported, hub.address, kind="model")
        assert hub.created[0].get("type", "model") == "model"
        assert hub.files == exported


def test_a_model_is_loaded_by_its_name(
    exported: dict[str, bytes],
    client: pytest.MonkeyPatch,
    results: Path,
    runs: Mapping[str, str],
) -> None:
    with serving(exported | {"code.py": b"print('never fetched')"}) as hub:
        client.setenv("HF_ENDPOINT", hub.address)
        model = regene_bench.load("hf://user/set", device="cpu")
        assert sorted(hub.fetched) == ["model.json", "model.safetensors"]
    own = regene_bench.load(runs["cgan"], results=results, device="cpu")
    assert torch.equal(model.generate([1, 2]).images, own.generate([1, 2]).images)
    # what was fetched stays where there is no network
    client.setenv("REGENE_BENCH_OFFLINE", "1")
    again = regene_bench.load(f"hf://user/set@{COMMIT}", device="cpu")
    assert again.description == model.description


def test_what_is_not_there_is_said(exported: dict[str, bytes], client: pytest.MonkeyPatch) -> None:
    with serving(exported) as hub:
        client.setenv("HF_ENDPOINT", hub.address)
        with pytest.raises(UnavailableError, match="user/other cannot be fetched"):
            regene_bench.load("hf://user/other")
    client.setenv("REGENE_BENCH_OFFLINE", "1")
    with pytest.raises(UnavailableError) as caught:
        regene_bench.load("hf://user/other")
    assert "unset it" in caught.value.hint
