"""What a source is, and when it is another one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from regene_bench_plugins.methods.pipeline.pipeline import Pipeline, PipelineConfig
from regene_bench_plugins.methods.pipeline.source import digest_of, kind_of

from regene_bench.api import ConfigError, MethodError, SampleRng, to_float, validate

from ..builders import make_data, make_runtime


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as diffusers writes it, of a network that nobody opens."""
    made = tmp_path / "model"
    (made / "unet").mkdir(parents=True)
    (made / "model_index.json").write_text("{}")
    (made / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"weights")
    return made


def test_kinds(folder: Path) -> None:
    for suffix in ("pt", "ts", "pt2", "ckpt"):
        folder.with_suffix(f".{suffix}").write_bytes(b"")
    assert kind_of(str(folder)) == "diffusers"
    assert kind_of(f"{folder}.pt") == kind_of(f"{folder}.ts") == "torchscript"
    assert kind_of(f"{folder}.pt2") == "export"
    assert kind_of("package.module:function") == "callable"
    with pytest.raises(ValueError, match="nobody knows the network"):
        kind_of(f"{folder}.ckpt")
    with pytest.raises(ValueError, match="there is nothing at"):
        kind_of("no/such/folder")
    with pytest.raises(ValueError, match=r"no model_index\.json"):
        kind_of(str(folder / "unet"))


def test_a_digest_is_of_the_content_wherever_it_lies(folder: Path) -> None:
    before = digest_of(str(folder))
    (folder / "README.md").write_text("a model card is no model")
    copy = shutil.copytree(folder, folder.with_name("elsewhere"))
    assert digest_of(str(copy)) == before
    (copy / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"Weights")
    assert digest_of(str(copy)) != before


def test_a_callable_has_the_digest_of_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "somebodys.py").write_text("def draw(labels, rng): ...\n")
    first = digest_of("somebodys:draw")
    (tmp_path / "somebodys.py").write_text("def draw(labels, rng): return None\n")
    assert digest_of("somebodys:draw") != first
    with pytest.raises(ValueError, match="no module nobodys"):
        digest_of("nobodys:draw")
    (tmp_path / "beside.py").write_text("def draw(labels, rng): ...\n")
    assert digest_of(f"{tmp_path / 'beside.py'}:draw") == first
    with pytest.raises(ValueError, match=r"no file .*gone\.py"):
        digest_of(f"{tmp_path / 'gone.py'}:draw")


def test_the_digest_is_among_the_parameters(folder: Path) -> None:
    config = validate(PipelineConfig, {"source": str(folder)}, "method pipeline")
    assert config.digest == digest_of(str(folder))
    kept = validate(PipelineConfig, {"source": "gone", "digest": "abc"}, "method pipeline")
    assert kept.digest == "abc"  # a row from elsewhere can be read where its model is not
    with pytest.raises(ConfigError, match="there is nothing at gone"):
        validate(PipelineConfig, {"source": "gone"}, "method pipeline")


def test_another_model_in_the_same_place_is_refused(folder: Path, tmp_path: Path) -> None:
    config = PipelineConfig(source=str(folder))
    (folder / "model_index.json").write_text('{"another": "one"}')
    with pytest.raises(MethodError, match="it is another model"):
        Pipeline(config).fit(make_data(), make_runtime(tmp_path / "run"))


def test_without_a_source_an_example_is_drawn_and_said_to_be_one(tmp_path: Path) -> None:
    data, told = make_data(), []
    model = Pipeline(PipelineConfig()).fit(data, make_runtime(tmp_path, emit=told.append))
    images = model.generate(torch.tensor([0, 1, 2]), SampleRng(0)).images
    means = torch.stack(
        [to_float(data.train.images[data.train.of_class(k)]).mean(0) for k in range(3)]
    )
    assert float((images - means).abs().mean()) < 0.15
    assert [event.text for event in told] == [
        "pipeline.source is not set: what is scored is an example, and no model."
    ]
