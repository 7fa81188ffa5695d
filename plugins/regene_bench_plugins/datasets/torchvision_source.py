"""The source of data sets that torchvision has downloaded.

MNIST, Fashion-MNIST and CIFAR-10 have sources of their own (``published_sets``), which read more
layouts than torchvision's.
"""

from __future__ import annotations

from pathlib import Path

from regene_bench.api import SourceRequest, validate
from regene_bench.data.readers import NotFoundError, find_folder
from regene_bench_plugins.datasets.located import Found, LocatedSource
from regene_bench_plugins.datasets.torchvision_layouts import (
    PLACES,
    TorchvisionFolder,
    TorchvisionOptions,
    download_line,
)


class Torchvision(LocatedSource):
    """What torchvision downloaded: KMNIST, EMNIST, QMNIST, CIFAR100, SVHN, STL10, CelebA.

    torchvision's own classes read the files, and nothing is downloaded. EMNIST's images, which the
    files hold with rows and columns swapped, are turned upright; its letters and STL-10's classes
    are numbered from 0; SVHN's label 10 is the digit 0; STL-10's unlabelled and CelebA's validation
    images are left out. Options (``torchvision_layouts.TorchvisionOptions``)::

        [data.options]
        dataset = "EMNIST"       # name of torchvision's class
        split = "letters"        # EMNIST: balanced, byclass, bymerge, digits, letters or mnist
        coarse = true            # CIFAR100: the 20 coarse classes
        attribute = "Smiling"    # CelebA: the classes are "not Smiling" and "Smiling"
        path = "torchvision"     # torchvision's root, below a data folder or absolute
        class_names = ["a", "b"] # where torchvision only numbers the classes
        center_crop = 140        # central square, before resizing
    """

    def __init__(self, request: SourceRequest) -> None:
        self.options = validate(TorchvisionOptions, request.options, "[data.options]")
        super().__init__(request, self.options.class_names)

    def locate(self) -> Found:
        """Look for torchvision's folder in ``<root>/torchvision`` of each data folder, then in the
        data folders themselves."""
        request, options = self.request, self.options
        marker = PLACES[options.dataset].marker

        def holds(folder: Path) -> bool:
            return (folder / marker).exists()

        try:
            folder = find_folder(
                options.path or request.name,
                request.roots,
                holds,
                holds_plainly=None if options.path else holds,
            )
        except NotFoundError as missing:
            home = request.roots[0] if request.roots else request.download_dir
            line = download_line(home / (options.path or request.name), options)
            raise NotFoundError(
                f"{missing.message}\nA folder of torchvision's that holds {options.dataset} has "
                f"{marker} in it.",
                hint=f"{missing.hint or ''} Or download it: {line}".strip(),
            ) from None
        return TorchvisionFolder(folder, options)
