"""Files as torchvision downloads them, small ones: torchvision reads them as if published.

Where torchvision compares a file's MD5 with the published one, the writer puts the MD5 of what it
wrote in its place: in torchvision, for this process.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torchvision import datasets

from regene_bench.data.source import ImageSet
from tests.data.builders import write_idx
from tests.real_formats.format import Content

ATTRIBUTES = ("Bald", "Smiling", "Young")
N_COARSE = 20


def write_kmnist(root: Path, made: Content) -> None:
    for prefix, data in (("train", made.train), ("t10k", made.test)):
        raw = root / "KMNIST" / "raw"
        write_idx(raw / f"{prefix}-images-idx3-ubyte", data.images[:, 0])
        write_idx(raw / f"{prefix}-labels-idx1-ubyte", data.labels)


def write_emnist(split: str) -> Callable[[Path, Content], None]:
    """Rows and columns are swapped in the files, and the labels of letters begin at 1."""

    def write(root: Path, made: Content) -> None:
        raw = root / "EMNIST" / "raw"
        for part, data in (("train", made.train), ("test", made.test)):
            start = raw / f"emnist-{split}-{part}"
            write_idx(
                start.with_name(f"{start.name}-images-idx3-ubyte"),
                data.images[:, 0].swapaxes(1, 2),
            )
            labels = data.labels + (split == "letters")
            write_idx(start.with_name(f"{start.name}-labels-idx1-ubyte"), labels)

    return write


def write_qmnist(root: Path, made: Content) -> None:
    """Eight big-endian 32-bit numbers an image, of which the first is the digit."""
    raw = root / "QMNIST" / "raw"
    for part, data in (("train", made.train), ("test", made.test)):
        write_idx(raw / f"qmnist-{part}-images-idx3-ubyte", data.images[:, 0])
        table = np.arange(len(data.labels))[:, None] + np.arange(8) * 1000
        table[:, 0] = data.labels
        header = bytes((0, 0, 12, 2)) + np.array(table.shape, dtype=">i4").tobytes()
        path = raw / f"qmnist-{part}-labels-idx2-int"
        path.write_bytes(header + table.astype(">i4").tobytes())


def write_cifar100(root: Path, made: Content) -> None:
    """Five fine classes make a coarse one here: 0 to 4, 5 to 9, and so on."""
    folder = root / "cifar-100-python"
    folder.mkdir(parents=True)
    known = datasets.CIFAR100
    for part, data, listed in (
        ("train", made.train, known.train_list),
        ("test", made.test, known.test_list),
    ):
        content = {
            "data": data.images.reshape(len(data.images), -1),
            "fine_labels": data.labels.tolist(),
            "coarse_labels": (data.labels // 5).tolist(),
        }
        listed[:] = [[part, _pickled(folder / part, content)]]
    names = {
        "fine_label_names": list(made.train.class_names),
        "coarse_label_names": [f"coarse {i}" for i in range(N_COARSE)],
    }
    known.meta["md5"] = _pickled(folder / "meta", names)


def write_svhn(root: Path, made: Content) -> None:
    """Images are the last axis, and the digit 0 has the label 10."""
    from scipy.io import savemat

    root.mkdir(parents=True)
    for part, data in (("train", made.train), ("test", made.test)):
        path = root / f"{part}_32x32.mat"
        labels = np.where(data.labels == 0, 10, data.labels).astype(np.uint8)
        savemat(path, {"X": data.images.transpose(2, 3, 1, 0), "y": labels[:, None]})
        datasets.SVHN.split_list[part][2] = _md5(path)


def write_stl10(root: Path, made: Content) -> None:
    """Column by column, labels from 1, and images without labels beside."""
    folder = root / "stl10_binary"
    folder.mkdir(parents=True)
    written: dict[str, bytes] = {"unlabeled_X.bin": _columnwise(made.test.images[:1])}
    for part, data in (("train", made.train), ("test", made.test)):
        written[f"{part}_X.bin"] = _columnwise(data.images)
        written[f"{part}_y.bin"] = (data.labels + 1).astype(np.uint8).tobytes()
    for name, content in written.items():
        (folder / name).write_bytes(content)
    for entry in (*datasets.STL10.train_list, *datasets.STL10.test_list):
        entry[1] = _md5(folder / entry[0])
    (folder / "class_names.txt").write_text("\n".join(made.train.class_names) + "\n")


def write_celeba(root: Path, made: Content) -> None:
    """Of the attributes the second is the class; a validation image stands between the splits."""
    folder = root / "celeba"
    (folder / "img_align_celeba").mkdir(parents=True)
    splits = ((0, made.train), (1, _first(made.train)), (2, made.test))
    rows = [
        (part, image, label)
        for part, data in splits
        for image, label in zip(data.images, data.labels, strict=True)
    ]
    names = [f"{i + 1:06}.jpg" for i in range(len(rows))]
    for name, (_, image, _) in zip(names, rows, strict=True):
        picture = Image.fromarray(image.transpose(1, 2, 0))
        picture.save(folder / "img_align_celeba" / name, quality=100, subsampling=0)
    tables = {
        "list_eval_partition.txt": [
            f"{n} {part}" for n, (part, _, _) in zip(names, rows, strict=True)
        ],
        "identity_CelebA.txt": [f"{name} 7" for name in names],
        "list_bbox_celeba.txt": _headed("image_id x_1 y_1 width height", names, "95 71 226 313"),
        "list_landmarks_align_celeba.txt": _headed(
            "lefteye_x lefteye_y righteye_x righteye_y nose_x nose_y leftmouth_x leftmouth_y "
            "rightmouth_x rightmouth_y ",
            names,
            "69 109 106 113 77 142 73 152 108 154",
        ),
        "list_attr_celeba.txt": [
            str(len(names)),
            " ".join(ATTRIBUTES) + " ",
            *(
                f"{n}  1 {1 if label else -1:2} -1"
                for n, (_, _, label) in zip(names, rows, strict=True)
            ),
        ],
    }
    for name, lines in tables.items():
        (folder / name).write_text("\n".join(lines) + "\n")
    datasets.CelebA.file_list[:] = [
        (place, _md5(folder / name) if name in tables else md5, name)
        for place, md5, name in datasets.CelebA.file_list
    ]


def blocky(made: Content) -> Content:
    """Make images of grey squares of 8×8 pixels, which JPEG keeps to the last bit."""

    def larger(data: ImageSet) -> ImageSet:
        images = data.images.repeat(8, axis=2).repeat(8, axis=3).repeat(3, axis=1)
        return ImageSet(images, data.labels, data.class_names)

    return Content(larger(made.train), larger(made.test))


def _headed(titles: str, names: list[str], values: str) -> list[str]:
    return [str(len(names)), titles, *(f"{name} {values}" for name in names)]


def _columnwise(images: np.ndarray) -> bytes:
    return images.swapaxes(2, 3).tobytes()


def _first(data: ImageSet) -> ImageSet:
    return ImageSet(data.images[:1], data.labels[:1], data.class_names)


def _pickled(path: Path, content: Any) -> str:
    path.write_bytes(pickle.dumps(content, protocol=2))
    return _md5(path)


def _md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
