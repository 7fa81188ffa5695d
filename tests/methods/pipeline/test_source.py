"""What a source is, and when it is another one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from regene_bench_plugins.methods.pipeline.pipeline import Pipeline, PipelineConfig
from regene_bench_plugins.methods.pipeline.source import digest_of, kind_of

from regene_bench.api import ConfigError, MethodError, SampleRng, to_float, validate

from ..builders import make_data, make_runtime

INDEX = {
    "unet": ["diffusers", "UNet2DModel"],
    "scheduler": ["diffusers", "DDIMScheduler"],
}
WEIGHTS = "diffusion_pytorch_model.safetensors"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as diffusers writes it, of a network that nobody opens."""
    made = tmp_path / "model"
    for part, name in (("unet", "config.json"), ("scheduler", "scheduler_config.json")):
        (made / part).mkdir(parents=True)
        (made / part / name).write_text("{}")
    (made / "model_index.json").write_text(json.dumps(INDEX))
    (made / "unet" / WEIGHTS).write_bytes(b"weights")
    return made


def shard(folder: Path, *names: str) -> None:
    """Have a part's weights in several files."""
    (folder / "unet" / WEIGHTS).unlink()
    told = {"weight_map": {f"layer {number}": name for number, name in enumerate(names)}}
    (folder / "unet" / f"{WEIGHTS}.index.json").write_text(json.dumps(told))
    for name in names:
        (folder / "unet" / Path(name).name).write_bytes(name.encode())


def test_kinds(folder: Path) -> None:
    for suffix in ("pt", "ts", "pt2", "ckpt"):
        folder.with_suffix(f".{suffix}").write_bytes(b"")
    assert kind_of(str(folder)) == "diffusers"
    assert kind_of(f"{folder}.pt") == kind_of(f"{folder}.ts") == "torchscript"
    assert kind_of(f"{folder}.pt2") == "export"
    assert kind_of("package.module:function") == "function"
    with pytest.raises(ValueError, match="nobody knows the network"):
        kind_of(f"{folder}.ckpt")
    with pytest.raises(ValueError, match="there is nothing at"):
        kind_of("no/such/folder")
    with pytest.raises(ValueError, match=r"no model_index\.json"):
        digest_of(str(folder / "unet"))
    (folder / "model.py").write_text("")
    with pytest.raises(ValueError, match=r"name its function: .*model\.py:FUNCTION"):
        kind_of(str(folder / "model.py"))
    with pytest.raises(ValueError, match="~nobody-of-that-name/model"):
        kind_of("~nobody-of-that-name/model")


def test_a_digest_is_of_the_content_wherever_it_lies(folder: Path) -> None:
    before = digest_of(str(folder))
    copy = shutil.copytree(folder, folder.with_name("elsewhere"))
    # what is not opened
    (copy / "README.md").write_text("a model card is no model")
    (copy / "unet" / "diffusion_pytorch_model.fp16.safetensors").write_bytes(b"half of it")
    assert digest_of(str(copy)) == before
    for file, content in (
        ("unet/config.json", "[]"),
        ("scheduler/scheduler_config.json", "[]"),
        (f"unet/{WEIGHTS}", "Weights"),
    ):
        kept = (copy / file).read_bytes()
        (copy / file).write_text(content)
        assert digest_of(str(copy)) != before, file
        (copy / file).write_bytes(kept)
    assert digest_of(str(copy)) == before


def test_a_linked_part_and_every_shard_count(folder: Path) -> None:
    (folder / "unet").rename(folder.with_name("unet"))
    (folder / "unet").symlink_to(folder.with_name("unet"))
    before = digest_of(str(folder))
    (folder.with_name("unet") / WEIGHTS).write_bytes(b"other weights")
    assert digest_of(str(folder)) != before
    shard(folder, "first.safetensors", "second.safetensors")
    sharded = digest_of(str(folder))
    (folder / "unet" / "second.safetensors").write_bytes(b"changed")
    assert digest_of(str(folder)) != sharded


@pytest.mark.parametrize("name", ["shard.bin", "../first.safetensors", "/first.safetensors"])
def test_shards_are_safetensors_beside_their_index(folder: Path, name: str) -> None:
    shard(folder, "first.safetensors", name)
    with pytest.raises(ValueError, match="opened are safetensors beside it"):
        digest_of(str(folder))


def test_a_file_that_is_not_there_is_named(folder: Path) -> None:
    (folder / "unet" / "config.json").unlink()
    with pytest.raises(ValueError, match=r"has no unet/config\.json"):
        digest_of(str(folder))


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
    with pytest.raises(ValueError, match=r"no module nobodys\.models"):
        digest_of("nobodys.models:draw")
    (tmp_path / "beside.py").write_text("def draw(labels, rng): ...\n")
    assert digest_of(f"{tmp_path / 'beside.py'}:draw") == first
    with pytest.raises(ValueError, match=r"no file .*gone\.py"):
        digest_of(f"{tmp_path / 'gone.py'}:draw")


def test_a_module_is_found_without_importing_the_package_that_it_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "parcel" / "models").mkdir(parents=True)
    for place in ("parcel", "parcel/models"):
        (tmp_path / place / "__init__.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    (tmp_path / "parcel" / "models" / "one.py").write_text("def draw(labels, rng): ...\n")
    (tmp_path / "same.py").write_text("def draw(labels, rng): ...\n")
    assert digest_of("parcel.models.one:draw") == digest_of("same:draw")
    digest_of("parcel.models:draw")
    assert not (tmp_path / "ran").exists()


def test_parameters_of_another_kind_are_refused(folder: Path) -> None:
    for source, key, value in (
        (str(folder), "noise_shape", [3]),
        (str(folder), "output_range", "-1..1"),
        ("example", "guidance", 2.0),
    ):
        values = {"source": source, key: value}
        with pytest.raises(ConfigError, match=f"{key} is for "):
            validate(PipelineConfig, values, "method pipeline")
    with pytest.raises(ConfigError, match="classes"):
        validate(PipelineConfig, {"classes": {"cat": True}}, "method pipeline")


def test_the_digest_is_among_the_parameters(folder: Path) -> None:
    config = validate(PipelineConfig, {"source": str(folder)}, "method pipeline")
    assert config.digest == digest_of(str(folder))
    kept = validate(PipelineConfig, {"source": "gone", "digest": "abc"}, "method pipeline")
    assert kept.digest == "abc"  # a row from elsewhere can be read where its model is not
    with pytest.raises(ConfigError, match="there is nothing at gone"):
        validate(PipelineConfig, {"source": "gone"}, "method pipeline")


def test_another_model_in_the_same_place_is_refused(folder: Path, tmp_path: Path) -> None:
    config = PipelineConfig(source=str(folder))
    (folder / "unet" / "config.json").write_text('{"another": "one"}')
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
        "pipeline.source=example: what is scored is an example, and no model."
    ]
