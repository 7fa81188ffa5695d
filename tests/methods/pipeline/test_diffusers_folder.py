"""Folders that diffusers writes: the same images as its own pipeline, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from regene_bench_plugins.methods.pipeline.pipeline import Pipeline, PipelineConfig
from torch import Tensor

from regene_bench.api import MethodError, SampleRng

from ..builders import make_data, make_runtime

diffusers = pytest.importorskip(
    "diffusers", reason="diffusers is not installed: its folders were NOT looked at"
)

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


def test_guidance_goes_away_from_the_class_for_none(tmp_path: Path) -> None:
    folder = write_unet(tmp_path / "unet", diffusers.DDIMScheduler(), num_class_embeds=4)
    plain = drawn(opened(tmp_path, folder, null_class=3))
    none = opened(tmp_path, folder, classes={f"stripe {i}": 3 for i in range(3)})
    at_none = drawn(none)
    nothing_of_the_class = drawn(opened(tmp_path, folder, null_class=3, guidance=0.0))
    torch.testing.assert_close(nothing_of_the_class, at_none)
    twice = drawn(opened(tmp_path, folder, null_class=3, guidance=2.0))
    assert not torch.allclose(twice, plain)


def test_a_network_without_classes_has_samples_without_labels(tmp_path: Path) -> None:
    folder = write_unet(tmp_path / "unet", diffusers.DDIMScheduler())
    generation = opened(tmp_path, folder).generate(LABELS, SampleRng(5))
    assert not generation.labelled


def test_names_of_classes_are_those_of_the_folder(dit: Path, tmp_path: Path) -> None:
    folder = write_dit(tmp_path / "named", classes=5)
    index = json.loads((folder / "model_index.json").read_text())
    names = {"4": "stripe 0, first", "3": "stripe 1", "2": "Stripe 2"}
    (folder / "model_index.json").write_text(json.dumps(index | {"id2label": names}))
    by_name = drawn(opened(tmp_path, folder))
    chosen = {"stripe 0": 4, "stripe 1": 3, "stripe 2": 2}
    plain = write_dit(tmp_path / "plain", classes=5)
    assert torch.equal(by_name, drawn(opened(tmp_path, plain, classes=chosen)))


def change_index(folder: Path, **parts: Any) -> None:
    path = folder / "model_index.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | parts))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"transformer": ["my_code", "MyModel"]}, "'MyModel' of 'my_code' as its transformer"),
        ({"transformer": ["diffusers", "FluxTransformer2DModel"]}, "opened are of diffusers DiT"),
        ({"scheduler": ["transformers", "DDIMScheduler"]}, "of 'transformers' as its scheduler"),
        ({"scheduler": ["diffusers", "AutoencoderKL"]}, "'AutoencoderKL' of 'diffusers' as its"),
        ({"transformer": None}, "neither transformer nor unet"),
    ],
)
def test_parts_that_are_not_of_diffusers_are_refused(
    parts: dict[str, Any], message: str, tmp_path: Path
) -> None:
    folder = write_dit(tmp_path / "model")
    change_index(folder, **parts)
    with pytest.raises(MethodError, match=message) as error:
        opened(tmp_path, folder)
    assert "FILE.py:function" in error.value.hint


def test_weights_that_are_not_safetensors_are_refused(tmp_path: Path) -> None:
    folder = write_unet(tmp_path / "unet", diffusers.DDIMScheduler(), num_class_embeds=3)
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    with pytest.raises(MethodError, match="has no weights as safetensors") as error:
        opened(tmp_path, folder)
    assert "safe_serialization=True" in error.value.hint


def test_guidance_of_a_unet_needs_the_class_for_none(tmp_path: Path) -> None:
    folder = write_unet(tmp_path / "unet", diffusers.DDIMScheduler(), num_class_embeds=3)
    with pytest.raises(MethodError, match="a class of the U-Net that stands for none"):
        opened(tmp_path, folder, guidance=2.0)


def test_weights_that_do_not_fit_their_configuration_are_named(tmp_path: Path) -> None:
    folder = write_unet(tmp_path / "unet", diffusers.DDIMScheduler(), num_class_embeds=3)
    (folder / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"torn")
    with pytest.raises(MethodError, match="unet cannot be opened"):
        opened(tmp_path, folder)
