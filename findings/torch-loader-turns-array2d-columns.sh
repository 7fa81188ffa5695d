#!/usr/bin/env bash
# torch 2.14.1's DataLoader over a Hugging Face data set (datasets 5.2.0) with an Array2D column.
#
# What a careful expert would guess: a data set of N pictures in a column of the type
# Array2D((H, W), "uint8"), given to a DataLoader with its usual collation, yields batches of shape
# [B, H, W], as it does for a TensorDataset of the same pictures; or it refuses what it cannot stack.
#
# What happens: without `.with_format("torch")` the column's rows are nested Python lists. The usual
# collation goes into lists and stacks what lies at the same place in each, from the inside out: a
# batch is a list of H lists of W tensors of shape [B]. Whoever makes an array of that (numpy.asarray,
# torch.stack) gets [H, W, B]: the axis of the images has become the last one. Where the numbers of
# rows, columns and images in a batch are equal, every shape is as expected and each "image" is a
# slice through the batch; nothing warns. The values are int64, too, although the column says uint8.
#
# Who is hurt: who scores or trains on such a data set through a loader: distances of scrambled images
# look like those of a bad model. With `.with_format("torch")` the shape is right, and the type still
# not the column's.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.14.1 datasets==5.2.0 numpy
"$work/venv/bin/python" - <<'PYTHON'
import sys

import datasets
import numpy as np
import torch
from datasets import Array2D, Dataset, Features
from torch.utils.data import DataLoader

print("torch", torch.__version__, "datasets", datasets.__version__)
pictures = np.arange(4 * 4 * 4, dtype=np.uint8).reshape(4, 4, 4)
features = Features({"image": Array2D((4, 4), "uint8")})
data = Dataset.from_dict({"image": list(pictures)}, features=features)

(plain,) = DataLoader(data, batch_size=4)
made = np.asarray([[cell.numpy() for cell in row] for row in plain["image"]])
print("without a format:", type(plain["image"]).__name__, "of", type(plain["image"][0]).__name__,
      "of tensors of shape", list(plain["image"][0][0].shape), plain["image"][0][0].dtype)
print("stacked:", made.shape, "equal to the pictures:", bool((made == pictures).all()),
      "equal to them with the first axis last:", bool((made == pictures.transpose(1, 2, 0)).all()))

(formatted,) = DataLoader(data.with_format("torch"), batch_size=4)
image = formatted["image"]
print("with_format('torch'):", list(image.shape), image.dtype,
      "equal to the pictures:", bool((image.numpy() == pictures).all()))

as_described = (
    not (made == pictures).all()
    and (made == pictures.transpose(1, 2, 0)).all()
    and (image.numpy() == pictures).all()
    and image.dtype == torch.int64
)
sys.exit(0 if as_described else 1)
PYTHON
