"""MNIST, Fashion-MNIST and CIFAR-10: what is known of each, and where it is published."""

from __future__ import annotations

from typing import Final

from regene_bench.data.readers import CIFAR_FOLDER, Archive
from regene_bench_plugins.datasets.published import Publication, PublishedSource

_MNIST_MIRRORS: Final = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
_FASHION_MIRRORS: Final = (
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
)


def _idx_archives(mirrors: tuple[str, ...], hashes: tuple[str, ...]) -> tuple[Archive, ...]:
    names = (
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte.gz",
        "t10k-images-idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte.gz",
    )
    return tuple(
        Archive(name, tuple(mirror + name for mirror in mirrors), sha256)
        for name, sha256 in zip(names, hashes, strict=True)
    )


class Mnist(PublishedSource):
    """60,000 + 10,000 grey handwritten digits, 28×28."""

    publication = Publication(
        title="MNIST",
        page="https://yann.lecun.com/exdb/mnist/",
        torchvision_name="MNIST",
        class_names=tuple("0123456789"),
        train_counts=(5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
        archives=_idx_archives(
            _MNIST_MIRRORS,
            (
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            ),
        ),
    )


class FashionMnist(PublishedSource):
    """60,000 + 10,000 grey articles of clothing, 28×28."""

    publication = Publication(
        title="Fashion-MNIST",
        page="https://github.com/zalandoresearch/fashion-mnist",
        torchvision_name="FashionMNIST",
        class_names=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        train_counts=(6000,) * 10,
        archives=_idx_archives(
            _FASHION_MIRRORS,
            (
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            ),
        ),
    )


class Cifar10(PublishedSource):
    """50,000 + 10,000 colour images of animals and vehicles, 32×32."""

    publication = Publication(
        title="CIFAR-10",
        page="https://www.cs.toronto.edu/~kriz/cifar.html",
        torchvision_name=CIFAR_FOLDER,
        class_names=(
            "airplane",
            "automobile",
            "bird",
            "cat",
            "deer",
            "dog",
            "frog",
            "horse",
            "ship",
            "truck",
        ),
        train_counts=(5000,) * 10,
        archives=(
            Archive(
                "cifar-10-python.tar.gz",
                ("https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",),
                "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
            ),
        ),
    )
