"""Folders that diffusers writes: the same images as its own pipeline, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from regene_bench_plugins.methods.pipeline.folder import SCHEDULERS
from regene_bench_plugins.methods.pipeline.pipeline import Pipeline, PipelineConfig
from safetensors.torch import load_file, save_file
from torch import Tensor

from regene_bench.api import MethodError, SampleRng

from ..builders import make_data, make_runtime

diffusers = pytest.importorskip(
    "diffusers", reason="diffusers is not installed: its folders were NOT looked at"
)

# of diffusers' schedulers, with numpy
pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")

LABELS = torch.tensor([0, 1, 2, 2, 1])
GREY: dict[str, Any] = {"in_channels": 1, "out_channels": 1, "norm_num_groups": 4}


def write_dit(folder: Path, classes: int = 3) -> Path:
    """A tiny DiT on latents of 4×4, random, with as many classes and one for none."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        transformer = diffusers.DiTTransformer2DModel(
            num_attention_heads=2,
            attention_head_dim=8,
            in_channels=4,
            out_channels=8,
            num_layers=1,
            sample_size=4,
            patch_size=2,
            num_embeds_ada_norm=classes,
            norm_num_groups=4,
        )
        for parameter in transformer.parameters():  # its last layer begins at zero
            torch.nn.init.normal_(parameter, std=0.2)
        vae = diffusers.AutoencoderKL(
            **GREY,
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            block_out_channels=(8, 8),
            latent_channels=4,
            sample_size=8,
        )
    scheduler = diffusers.DDIMScheduler()
    diffusers.DiTPipeline(transformer, vae, scheduler).save_pretrained(folder)
    return folder


def write_unet(folder: Path, scheduler: Any, **sizes: Any) -> Path:
    """A tiny U-Net on 8×8 pixels, random."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        unet = diffusers.UNet2DModel(
            sample_size=8,
            **GREY,
            layers_per_block=1,
            block_out_channels=(8, 8),
            down_block_types=("DownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "UpBlock2D"),
            **sizes,
        )
    diffusers.DDPMPipeline(unet=unet, scheduler=scheduler).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def dit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dit(tmp_path_factory.mktemp("dit") / "model")


def opened(tmp_path: Path, source: Path, **values: Any) -> Any:
    config = PipelineConfig(source=str(source), steps=3, batch_size=4, **values)
    return Pipeline(config).fit(make_data(), make_runtime(tmp_path / "run"))


def drawn(model: Any, labels: Tensor = LABELS, start: int = 0) -> Tensor:
    images: Tensor = model.generate(labels, SampleRng(5, start)).images
    return images


@pytest.mark.parametrize("guidance", [1.0, 4.0])
def test_a_transformer_draws_what_the_pipeline_of_diffusers_draws(
    guidance: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # of a thousand classes: only there the pipeline's class for none is the network's
    folder = write_dit(tmp_path / "model", classes=1000)
    chosen = {f"stripe {place}": 300 + place for place in range(3)}
    images = drawn(opened(tmp_path, folder, guidance=guidance, classes=chosen))
    theirs = diffusers.DiTPipeline.from_pretrained(folder)
    theirs.set_progress_bar_config(disable=True)
    noise = SampleRng(5).normal(5, (4, 4, 4), "pipeline")
    where = "diffusers.pipelines.dit.pipeline_dit.randn_tensor"
    monkeypatch.setattr(where, lambda **_: noise)
    options = {"guidance_scale": guidance, "num_inference_steps": 3, "output_type": "pt"}
    expected = theirs(class_labels=(300 + LABELS).tolist(), **options).images
    torch.testing.assert_close(images, expected, rtol=1e-4, atol=1e-5)
    assert float(images.std()) > 0.01


@pytest.mark.parametrize("kind", SCHEDULERS)
def test_every_scheduler_draws_each_sample_by_itself(kind: str, tmp_path: Path) -> None:
    scheduler = getattr(diffusers, kind)()
    folder = write_unet(tmp_path / "unet", scheduler, num_class_embeds=3)
    model = opened(tmp_path, folder)
    torch.manual_seed(1)
    images = drawn(model)
    torch.manual_seed(2)
    assert torch.equal(drawn(model), images)
    assert torch.equal(drawn(model, LABELS[3:], 3), images[3:])
    assert float(images.std()) > 0.01


def test_samples_do_not_depend_on_what_is_drawn_beside_them(dit: Path, tmp_path: Path) -> None:
    for folder in (
        dit,
        write_unet(tmp_path / "unet", diffusers.DDPMScheduler(), num_class_embeds=3),
    ):
        model = opened(tmp_path, folder)
        images = drawn(model)
        assert torch.equal(drawn(model, LABELS[3:], 3), images[3:])
        assert torch.equal(drawn(model), images)
        other = drawn(model, torch.zeros_like(LABELS))
        assert torch.equal(other[0], images[0])
        assert not torch.equal(other[1], images[1])


def test_guidance_is_what_the_class_adds_many_times(tmp_path: Path) -> None:
    folder = write_unet(tmp_path / "unet", diffusers.DDIMScheduler(), num_class_embeds=4)
    images = drawn(opened(tmp_path, folder, null_class=3, guidance=2.5))
    unet = diffusers.UNet2DModel.from_pretrained(folder / "unet").eval()
    scheduler = diffusers.DDIMScheduler()
    scheduler.set_timesteps(3)
    expected = SampleRng(5).normal(5, (1, 8, 8), "pipeline")
    with torch.inference_mode():
        for time in scheduler.timesteps:
            of_class = unet(expected, time, class_labels=LABELS).sample
            of_none = unet(expected, time, class_labels=torch.full_like(LABELS, 3)).sample
            noise = of_none + 2.5 * (of_class - of_none)
            expected = scheduler.step(noise, time, expected).prev_sample
    torch.testing.assert_close(images, (expected / 2 + 0.5).clamp(0, 1), rtol=1e-4, atol=1e-5)


def test_the_class_for_none_is_nobodys(tmp_path: Path) -> None:
    folder = write_unet(tmp_path / "unet", diffusers.DDIMScheduler(), num_class_embeds=4)
    chosen = {"stripe 0": 1, "stripe 1": 2, "stripe 2": 3}
    with pytest.raises(MethodError, match="Nobody knows which class"):
        opened(tmp_path, folder, null_class=0)
    opened(tmp_path, folder, null_class=0, classes=chosen)
    with pytest.raises(MethodError, match="3 stands for none"):
        opened(tmp_path, folder, null_class=3, classes=chosen)
    with pytest.raises(MethodError, match="null_class=4 is no class of the model"):
        opened(tmp_path, folder, null_class=4)


def test_a_network_without_classes_has_samples_without_labels(tmp_path: Path) -> None:
    folder = write_unet(tmp_path / "unet", diffusers.DDIMScheduler())
    generation = opened(tmp_path, folder).generate(LABELS, SampleRng(5))
    assert not generation.labelled
    for values in ({"guidance": 2.0}, {"null_class": 0}, {"classes": {"stripe 0": 1}}):
        with pytest.raises(MethodError, match="classes"):
            opened(tmp_path, folder, **values)


def test_names_of_classes_are_those_of_the_folder(tmp_path: Path) -> None:
    folder = write_dit(tmp_path / "named", classes=5)
    index = json.loads((folder / "model_index.json").read_text())
    names = {"4": "stripe 0, first", "3": "stripe 1", "2": "Stripe 2"}
    (folder / "model_index.json").write_text(json.dumps(index | {"id2label": names}))
    by_name = drawn(opened(tmp_path, folder))
    chosen = {"stripe 0": 4, "stripe 1": 3, "stripe 2": 2}
    plain = write_dit(tmp_path / "plain", classes=5)
    assert torch.equal(by_name, drawn(opened(tmp_path, plain, classes=chosen)))


def change(path: Path, **values: Any) -> None:
    """Write other values into a JSON file."""
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"transformer": ["my_code", "MyModel"]}, "'MyModel' of 'my_code' as its transformer"),
        ({"transformer": ["diffusers", "FluxTransformer2DModel"]}, "opened are of diffusers DiT"),
        ({"scheduler": ["transformers", "DDIMScheduler"]}, "of 'transformers' as its scheduler"),
        ({"scheduler": ["diffusers", "RePaintScheduler"]}, "'RePaintScheduler' of 'diffusers' as"),
        ({"transformer": None}, "neither transformer nor unet"),
        ({"id2label": ["cat"]}, "id2label has no numbers with names"),
        ({"id2label": {"99": "stripe 0"}}, "class 99 of the model cannot be 'stripe 0'"),
    ],
)
def test_what_the_index_says_is_looked_at_first(
    parts: dict[str, Any], message: str, tmp_path: Path
) -> None:
    folder = write_dit(tmp_path / "model")
    change(folder / "model_index.json", **parts)
    with pytest.raises((MethodError, ValueError), match=message):
        opened(tmp_path, folder, classes={"stripe 1": 1, "stripe 2": 2})


@pytest.mark.parametrize(
    ("file", "values", "message"),
    [
        ("unet/config.json", {"sample_size": None}, "no sample_size"),
        ("unet/config.json", {"class_embed_type": "identity"}, "of the kind 'identity'"),
        ("scheduler/scheduler_config.json", {"num_train_timesteps": 2}, "2 noise levels"),
        ("scheduler/scheduler_config.json", {"variance_type": "learned_range"}, "has learned"),
    ],
)
def test_what_the_loop_does_not_do_is_refused(
    file: str, values: dict[str, Any], message: str, tmp_path: Path
) -> None:
    folder = write_unet(tmp_path / "unet", diffusers.DDPMScheduler(), num_class_embeds=3)
    change(folder / file, **values)
    with pytest.raises(MethodError, match=message):
        opened(tmp_path, folder)


def test_latents_are_shifted_as_the_decoder_says(dit: Path, tmp_path: Path) -> None:
    shifted = write_dit(tmp_path / "shifted")
    change(shifted / "vae" / "config.json", shift_factor=0.5)
    assert not torch.allclose(drawn(opened(tmp_path, shifted)), drawn(opened(tmp_path, dit)))
    change(shifted / "vae" / "config.json", latents_mean=[0.0] * 4)
    with pytest.raises(MethodError, match="latents_mean, which is not applied"):
        opened(tmp_path, shifted)


def test_weights_in_shards_are_those_in_one_file(tmp_path: Path) -> None:
    folder = write_unet(tmp_path / "unet", diffusers.DDIMScheduler(), num_class_embeds=3)
    images = drawn(opened(tmp_path, folder))
    unet = diffusers.UNet2DModel.from_pretrained(folder / "unet")
    (folder / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    unet.save_pretrained(folder / "unet", max_shard_size="10KB")
    assert len(list((folder / "unet").glob("*.safetensors"))) > 1
    assert torch.equal(drawn(opened(tmp_path, folder)), images)


def test_weights_that_are_not_safetensors_are_refused(tmp_path: Path) -> None:
    folder = write_unet(tmp_path / "unet", diffusers.DDIMScheduler(), num_class_embeds=3)
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    with pytest.raises(ValueError, match=r"has no weights as safetensors.*safe_serialization=True"):
        opened(tmp_path, folder)


def test_a_network_that_lacks_weights_is_refused(tmp_path: Path) -> None:
    folder = write_unet(tmp_path / "unet", diffusers.DDIMScheduler(), num_class_embeds=3)
    path = folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights = load_file(path)
    del weights["conv_out.bias"]
    save_file(weights, path, metadata={"format": "pt"})
    with pytest.raises(MethodError, match=r"unet: the weights lack conv_out\.bias"):
        opened(tmp_path, folder)


def test_guidance_of_a_unet_needs_the_class_for_none(tmp_path: Path) -> None:
    folder = write_unet(tmp_path / "unet", diffusers.DDIMScheduler(), num_class_embeds=3)
    with pytest.raises(MethodError, match="a class of the U-Net that stands for none"):
        opened(tmp_path, folder, guidance=2.0)


def test_weights_that_are_torn_are_named(tmp_path: Path) -> None:
    folder = write_unet(tmp_path / "unet", diffusers.DDIMScheduler(), num_class_embeds=3)
    (folder / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"torn")
    with pytest.raises(MethodError, match="unet cannot be opened"):
        opened(tmp_path, folder)
