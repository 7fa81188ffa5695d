"""TorchScript, torch.export and functions: run where the user has said so, as their text says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch
from regene_bench_plugins.methods.pipeline.pipeline import Pipeline, PipelineConfig
from torch import Tensor, nn

from regene_bench.api import MethodError, SampleRng, UnavailableError
from regene_bench.base.environment import PROGRAMS_VARIABLE

from ..builders import make_data, make_runtime

# torch calls TorchScript a thing of the past
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning")

LABELS = torch.tensor([0, 1, 2, 2, 1])


class Shades(nn.Module):
    """Images of one shade: a half of the label, and a little of the noise."""

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        shades = labels.float() / 2 - 0.5 + 0.001 * noise.mean(1)
        return shades[:, None, None, None].expand(-1, 1, 8, 8)


@pytest.fixture
def trusting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PROGRAMS_VARIABLE, "1")


@pytest.fixture(params=["model.pt", "model.pt2"])
def program(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    path = tmp_path / request.param
    example = (torch.zeros(4, 3), torch.zeros(4, dtype=torch.int64))
    if path.suffix == ".pt2":
        batch = torch.export.Dim("batch", min=2, max=512)
        shapes = ({0: batch}, {0: batch})
        torch.export.save(torch.export.export(Shades(), example, dynamic_shapes=shapes), path)
    else:
        torch.jit.save(torch.jit.script(Shades()), path)
    return str(path)


def opened(tmp_path: Path, **values: Any) -> Any:
    if values["source"].endswith((".pt2", "model.pt")):
        values = {"noise_shape": (3,), **values}
    return Pipeline(PipelineConfig(**values)).fit(make_data(), make_runtime(tmp_path / "run"))


@pytest.mark.usefixtures("trusting")
def test_a_file_draws_by_label_and_noise(program: str, tmp_path: Path) -> None:
    model = opened(tmp_path, source=program, output_range="-1..1", batch_size=4)
    images = model.generate(LABELS, SampleRng(7)).images
    noise = SampleRng(7).normal(5, (3,), "pipeline").mean(1)
    expected = ((LABELS / 2 - 0.5 + 0.001 * noise) / 2 + 0.5).clamp(0, 1)
    assert images.shape == (5, 1, 8, 8)
    torch.testing.assert_close(images[:, 0, 0, 0], expected)
    later = model.generate(LABELS[3:], SampleRng(7, 3)).images
    assert torch.equal(later, images[3:])


def test_a_program_is_not_run_unless_the_user_says_so(program: str, tmp_path: Path) -> None:
    assert PROGRAMS_VARIABLE not in os.environ
    with pytest.raises(UnavailableError, match="is a program") as error:
        opened(tmp_path, source=program)
    assert f"{PROGRAMS_VARIABLE}=1" in error.value.hint


def test_not_even_the_module_of_a_function_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "unasked.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    with pytest.raises(UnavailableError, match="is a program"):
        opened(tmp_path, source="unasked:draw")
    assert not (tmp_path / "ran").exists()


@pytest.mark.usefixtures("trusting")
def test_a_function_is_given_labels_and_streams(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "ours.py").write_text(
        "import torch\n"
        "def draw(labels, rng):\n"
        "    noise = rng.uniform(len(labels), (1, 8, 8))\n"
        "    return (255 * noise).to(torch.uint8)\n"
    )
    images = opened(tmp_path, source="ours:draw").generate(LABELS, SampleRng(2)).images
    expected = (255 * SampleRng(2).uniform(5, (1, 8, 8))).to(torch.uint8).float() / 255
    assert torch.equal(images, expected)


@pytest.mark.usefixtures("trusting")
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("torch.zeros(len(labels), 3, 8, 8)", "images of 3 channels"),
        ("torch.zeros(len(labels), 1, 16, 8)", "16×8 pixels; the benchmark's have 8×8"),
        ("torch.zeros(1, 1, 8, 8)", r"gave \[1, 1, 8, 8\] for 64 labels"),
        ("torch.full((len(labels), 1, 8, 8), 128)", "images of torch.int64"),
        ("torch.full((len(labels), 1, 8, 8), 128.0)", "values from 128 to 128"),
        ("torch.full((len(labels), 1, 8, 8), -1.0)", "values from -1 to -1; they must lie in 0 to"),
        ("labels['no such thing']", "draw failed: "),
        ("torch.full((len(labels), 1, 8, 8), float('nan'))", "values from nan to nan"),
        ("[1, 2]", "gave list for 64 labels"),
    ],
)
def test_what_are_no_such_images_is_an_error(given: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.py"
    path.write_text(f"import torch\ndef draw(labels, rng):\n    return {given}\n")
    with pytest.raises(MethodError, match=message):
        opened(tmp_path, source=f"{path}:draw").generate(LABELS, SampleRng(0))


@pytest.mark.usefixtures("trusting")
def test_other_sizes_are_resized_when_asked(tmp_path: Path) -> None:
    (tmp_path / "large.py").write_text(
        "import torch\n"
        "def draw(labels, rng):\n"
        "    return torch.full((len(labels), 1, 32, 16), 0.25)\n"
    )
    images = (
        opened(tmp_path, source=f"{tmp_path / 'large.py'}:draw", resize=True)
        .generate(LABELS, SampleRng(0))
        .images
    )
    torch.testing.assert_close(images, torch.full((5, 1, 8, 8), 0.25))


@pytest.mark.usefixtures("trusting")
def test_a_file_that_is_no_program_is_named(tmp_path: Path) -> None:
    (tmp_path / "weights.pt").write_bytes(b"no archive")
    with pytest.raises(MethodError, match=r"weights\.pt cannot be opened"):
        opened(tmp_path, source=str(tmp_path / "weights.pt"))


@pytest.mark.usefixtures("trusting")
def test_code_that_raises_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.py"
    path.write_text("raise KeyError('weights')\n")
    with pytest.raises(MethodError, match=r"broken\.py:draw cannot be opened: KeyError: 'weights'"):
        opened(tmp_path, source=f"{path}:draw")
    path.write_text("draw = 3\n")
    with pytest.raises(MethodError, match="it is no function but int"):
        opened(tmp_path, source=f"{path}:draw")
    path.write_text("def paint(labels, rng): ...\n")
    with pytest.raises(MethodError, match=r"AttributeError: .* no attribute 'draw'"):
        opened(tmp_path, source=f"{path}:draw")


@pytest.mark.usefixtures("trusting")
def test_noise_of_another_shape_is_told(program: str, tmp_path: Path) -> None:
    model = opened(tmp_path, source=program, noise_shape=(2, 2))
    with pytest.raises(MethodError, match="failed") as error:
        model.generate(LABELS, SampleRng(0))
    assert "noise [64, 2, 2] (pipeline.noise_shape, pipeline.batch_size)" in error.value.hint


@pytest.mark.usefixtures("trusting")
def test_integers_of_eight_bits_have_their_own_range(tmp_path: Path) -> None:
    path = tmp_path / "black.py"
    path.write_text(
        "import torch\n"
        "def draw(labels, rng):\n"
        "    return torch.zeros(len(labels), 1, 8, 8, dtype=torch.uint8)\n"
    )
    model = opened(tmp_path, source=f"{path}:draw", output_range="-1..1")
    assert float(model.generate(LABELS, SampleRng(0)).images.max()) == 0


@pytest.mark.usefixtures("trusting")
def test_a_module_that_has_changed_since_its_import_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / "changing.py"
    path.write_text("def draw(labels, rng): ...\n")
    opened(tmp_path, source="changing:draw")
    opened(tmp_path, source="changing:draw")
    path.write_text("def draw(labels, rng): return 1\n")
    with pytest.raises(MethodError, match="changed since it was imported"):
        opened(tmp_path, source="changing:draw")
