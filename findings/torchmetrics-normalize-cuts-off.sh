#!/usr/bin/env bash
# torchmetrics 1.9.0, normalize=True of image.InceptionScore, FrechetInceptionDistance and KernelInceptionDistance.
#
# What a careful expert would guess: normalize=True is for images in [0, 1]. A generator's images, which lie in [-1, 1],
# are first brought there by (x + 1) / 2, and then count as what a saved picture has: the nearest of 256 levels. And the
# flag means the same for a network of one's own, whichever of these metrics it is given to.
#
# What happens: values are multiplied by 255 and cut off, not rounded. Pictures straight from a loader come through whole.
# Those that were in [-1, 1] come back a rounding error below their level, and a quarter of all levels lose one: the same
# pictures as bytes, or saved and read again, are other pictures. Values between levels, such as a generator's, lose half
# a level on average where they are neither black nor white. And a network of one's own gets bytes of 0 to 255 from
# InceptionScore, but floats as they are from the other two; of KernelInceptionDistance that is documented.
#
# Who is hurt: whoever compares such scores with those of saved samples, or puts real images in as bytes and generated ones
# as floats: a part of the distance is the conversion's. A custom extractor that is right for FID sees another range in
# InceptionScore.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.14.1 torchmetrics==1.9.0 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import sys
from importlib.metadata import version

import torch
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.inception import InceptionScore
from torchmetrics.image.kid import KernelInceptionDistance

print("python", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("torchmetrics", "torch")))


class Watch(torch.nn.Module):
    """A network of one's own that remembers what it was given last."""

    num_features = 8

    def forward(self, images):
        self.seen = images
        return images.float().flatten(1)[:, :8]


levels = torch.arange(256, dtype=torch.uint8)
images = levels.view(1, 1, 16, 16).repeat(4, 3, 1, 1)
unit = images.float() / 255
signed = (2 * unit - 1 + 1) / 2
of_noise = torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def given(metric, floats):
    """What the network sees of float images."""
    watch = Watch()
    made = metric(feature=watch, normalize=True)
    made.update(floats, real=True) if metric is not InceptionScore else made.update(floats)
    return watch.seen


straight, back = given(InceptionScore, unit), given(InceptionScore, signed)
lost = (images.int() - back.int())[0, 0].flatten()
print("levels that are changed: from a loader", int((straight != images)[0, 0].sum()), "of 256")
print("from [-1, 1]:", int((lost != 0).sum()), "of 256, all by", sorted(set(lost[lost != 0].tolist())))
print("rounded, they are all as before:", bool(((signed * 255).round().byte() == images).all()))
cut, nearest = given(InceptionScore, of_noise).float(), (of_noise * 255).round()
darker = float((nearest - cut).mean())
print(f"uniform noise is darker than its nearest levels by {darker:.2f} levels on average")
kinds = {}
for metric in (InceptionScore, FrechetInceptionDistance, KernelInceptionDistance):
    seen = given(metric, unit)
    kinds[metric.__name__] = seen.dtype, float(seen.max())
    print(f"{metric.__name__:<26} gives a network of one's own {seen.dtype}, at most {float(seen.max()):g}")
as_seen = (
    bool((straight == images).all())
    and int((lost != 0).sum()) > 40
    and set(lost.tolist()) == {0, 1}
    and 0.4 < darker < 0.6
    and kinds["InceptionScore"] == (torch.uint8, 255.0)
    and kinds["FrechetInceptionDistance"] == (torch.float32, 1.0)
    and kinds["KernelInceptionDistance"] == (torch.float32, 1.0)
)
print("as described" if as_seen else "this has changed")
sys.exit(0 if as_seen else 1)
PYTHON
