#!/usr/bin/env bash
# sewar 0.4.10, full_ref.uqi and full_ref.msssim.
#
# What a careful expert would guess: UQI is the number of Wang and Bovik (2002), near 0 for images that have nothing to
# do with each other and near -1 for a picture and its negative, as an average over windows of correlation times what
# luminance and contrast have in common. And whether an image is kept as RGB or as BGR cannot matter for SSIM over
# several scales: each channel is compared with its like.
#
# What happens: uqi is computed as if sums over a window stood where means stand. The means' part then weighs a 64th of
# what it should (8 by 8 pixels), little of the covariance is left, and any two images of like brightness look alike:
# noise scores 0.74 against other noise. And msssim halves images by averages that run over the channels too, as if
# they were a third direction of the image. From the second scale on each channel has its neighbour in it, the first
# itself twice, so that the same two images have other scores in another order of channels. Greyscale is spared that.
#
# Who is hurt: whoever judges reconstructions or super-resolution by these. UQI says of a model that fails that it
# nearly works, and cannot be set beside published values; MS-SSIM changes when images are read by OpenCV in place of
# Pillow, the more the errors of the channels differ.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check numpy==2.4.6 scipy==1.17.1 pillow==13.0.0 \
    sewar==0.4.10
"$folder/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version
from itertools import permutations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.ndimage import gaussian_filter
from sewar.full_ref import msssim, uqi

print("python", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("sewar", "numpy", "scipy")))
random = np.random.default_rng(0)


def by_definition(one, other):
    """The mean of Q over all windows of 8 by 8 pixels, from their means, variances and covariance."""
    x, y = (sliding_window_view(image.astype(float), (8, 8)).reshape(-1, 64) for image in (one, other))
    mean_x, mean_y = x.mean(axis=1), y.mean(axis=1)
    covariance = (x * y).mean(axis=1) - mean_x * mean_y
    spread = x.var(axis=1) + y.var(axis=1)
    return (4 * covariance * mean_x * mean_y / (spread * (mean_x**2 + mean_y**2))).mean()


noise, other_noise = random.integers(0, 256, (2, 64, 64), dtype=np.uint8)
pairs = {
    "an image and itself": (noise, noise),
    "two images of noise": (noise, other_noise),
    "an image and its negative": (noise, 255 - noise),
}
indices = {}
for name, pair in pairs.items():
    indices[name] = uqi(*pair), by_definition(*pair)
    print(f"UQI of {name:<26} sewar {indices[name][0]:7.3f}   definition {indices[name][1]:7.3f}")

smooth = np.stack([gaussian_filter(random.uniform(0, 255, (192, 192)), 3) for _ in range(3)], axis=2)
image = (255 * (smooth - smooth.min()) / np.ptp(smooth)).astype(np.uint8)
# red brighter where green is darker
chroma = random.normal(0, 40, image.shape[:2])[:, :, None] * [1, -1, 0]
spoilt = np.clip(image + chroma, 0, 255).astype(np.uint8)
grey = [msssim(image[:, :, i], spoilt[:, :, i]) for i in range(3)]
print("MS-SSIM of each channel alone:", *(f"{value:.3f}" for value in grey), f"mean {np.mean(grey):.3f}")
orders = {}
for order in permutations(range(3)):
    letters = "".join("RGB"[i] for i in order)
    orders[letters] = msssim(image[:, :, order], spoilt[:, :, order])
    print(f"MS-SSIM of the same images as {letters}: {orders[letters]:.3f}")
as_seen = (
    np.allclose(indices["an image and itself"], 1)
    and indices["two images of noise"][0] > 0.7
    and abs(indices["two images of noise"][1]) < 0.05
    and indices["an image and its negative"][0] > 0.4
    and indices["an image and its negative"][1] < -0.95
    and max(orders.values()) - min(orders.values()) > 0.05
)
print("as described" if as_seen else "this has changed")
sys.exit(0 if as_seen else 1)
PYTHON
