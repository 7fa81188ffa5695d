"""Plugins that write into what they share with others, or change the process for them."""

from __future__ import annotations

from textwrap import indent

from tests.hostile_plugins.plugin import (
    FailedRun,
    FailedScore,
    Harmless,
    HostilePlugin,
)
from tests.hostile_plugins.sources import extractor, method, metric

# what fit writes into, and what the row names
_WRITTEN_IN_FIT = {
    "the-training-images": ("data.train.images.zero_()", "training images"),
    "the-training-images-through-numpy": (
        "data.train.images.numpy()[:] = 7",
        "training images",
    ),
    "the-training-images-through-data": (
        "data.train.images.data = 255 - data.train.images",
        "training images",
    ),
    "the-training-labels": ("data.train.labels.add_(1)", "training labels"),
    "the-test-images": ("data.test.images[:3] = 0", "test images"),
    "the-test-labels": ("data.test.labels.fill_(1)", "test labels"),
    "one-pixel": ("data.train.images[5, 0, 3, 3] ^= 1", "training images"),
    "the-order-of-images": (
        "data.train.images[:2] = data.train.images[:2].flip(0).clone()",
        "training images",
    ),
}
# what changes the whole process, and no number of anybody
_PROCESS = {
    "the-default-dtype": "torch.set_default_dtype(torch.float64)",
    "the-default-device": "torch.set_default_device('meta')",
    "the-gradient-mode": "torch.set_grad_enabled(False)",
    "the-determinism": "torch.use_deterministic_algorithms(False)",
    "the-threads": "torch.set_num_threads(2)",
    "the-products": "torch.set_float32_matmul_precision('medium')",
    "the-seed-of-torch": "torch.manual_seed(0)",
    "the-seed-of-numpy": "np.random.seed(0)",
    "the-seed-of-python": "import random; random.seed(0)",
    "the-working-folder": "import os; os.chdir('/')",
    "the-working-folder-to-one-that-goes": (
        "import os, tempfile\nfolder = tempfile.mkdtemp()\nos.chdir(folder)\nos.rmdir(folder)"
    ),
    "the-handler-of-interrupts": "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)",
    "the-warnings": "import warnings; warnings.simplefilter('error')",
    "the-errors-of-numpy": "np.seterr(all='raise')",
    "the-output": "import sys; sys.stdout = sys.stderr = None",
    "the-cache": "import os; os.environ['REGENE_BENCH_CACHE'] = '/nowhere'",
}
_METRICS = {
    "inverts-the-generated-images": (
        "evaluation.generated.images.bitwise_not_()",
        "the generated images",
    ),
    "writes-into-the-generated-images-through-numpy": (
        "evaluation.generated.images.numpy()[:] = 0",
        "the generated images",
    ),
    "sorts-the-generated-labels": (
        "evaluation.generated.labels.copy_(evaluation.generated.labels.flip(0))",
        "their labels",
    ),
    "normalises-generated-features": (
        "evaluation.generated_features('neutral').features.div_(2)",
        "the features of generated images (neutral)",
    ),
    "normalises-real-features": (
        "evaluation.reference_features('neutral').features.sub_(1)",
        "the features of real images (neutral)",
    ),
    "writes-into-a-shared-gaussian": (
        "evaluation.reference_gaussian('neutral').mean.zero_()",
        "real images' features (neutral)",
    ),
    "writes-into-the-data": ("evaluation.data.train.images.zero_()", "the training images"),
    "writes-into-the-comparison": (
        "evaluation.real().images.zero_()",
        "the real images of the comparison",
    ),
    "puts-others-in-place-of-the-images": (
        "evaluation.generated = evaluation.generated.subset(torch.arange(20))",
        "evaluation.generated",
    ),
    "takes-the-model-away": ("evaluation.model = None", "evaluation.model"),
    "puts-other-data-in-place": (
        "evaluation.comparison = None",
        "evaluation.comparison",
    ),
}


def _fit(lines: str) -> str:
    return f"def fit(self, data, runtime):\n{indent(lines, '    ')}\n    return Model(data)"


def _generate(lines: str) -> str:
    return (
        "class Model(Model):\n"
        "    def generate(self, labels, rng):\n"
        f"{indent(lines, ' ' * 8)}\n"
        "        return super().generate(labels, rng)\n"
    )


def _measure(lines: str) -> str:
    return (
        "compares_features = False\n"
        "def measure(self, evaluation):\n"
        f"{indent(lines, '    ')}\n"
        '    yield Score("bad", 0.5)'
    )


HOSTILE = (
    *(
        HostilePlugin(f"writes-into-{name}", method(_fit(lines)), FailedRun(words), methods="bad")
        for name, (lines, words) in _WRITTEN_IN_FIT.items()
    ),
    HostilePlugin(
        "writes-into-the-data-and-raises",
        method(_fit("data.train.images.zero_()\nraise ValueError('too late')")),
        FailedRun("too late"),
        methods="bad",
    ),
    HostilePlugin(
        "zeroes-the-labels-to-generate",
        method(more=_generate("labels.zero_()")),
        FailedRun("wrote into the labels"),
        methods="bad",
    ),
    HostilePlugin(
        "writes-into-the-data-while-it-generates",
        method(
            "def fit(self, data, runtime):\n"
            "    model = Model(data)\n"
            "    model.data = data\n"
            "    return model",
            more=_generate("self.data.test.images.fill_(9)"),
        ),
        FailedRun("generate wrote into the test images"),
        methods="bad",
    ),
    HostilePlugin(
        "writes-into-the-data-while-it-decodes",
        method(
            "def fit(self, data, runtime):\n"
            "    model = Model(data)\n"
            "    model.data = data\n"
            "    return model",
            more=(
                "class Model(Model):\n"
                "    def encode(self, images):\n"
                "        return images.flatten(1)\n"
                "    def decode(self, latents):\n"
                "        self.data.train.images.fill_(9)\n"
                "        return latents.reshape(-1, 1, 8, 8)\n"
            ),
        ),
        Harmless(),
        methods="bad",
    ),
    *(
        HostilePlugin(f"fit-changes-{name}", method(_fit(lines)), Harmless(), methods="bad")
        for name, lines in _PROCESS.items()
    ),
    *(
        HostilePlugin(
            f"generate-changes-{name}",
            method(more=_generate(_PROCESS[name])),
            Harmless(),
            methods="bad",
        )
        for name in ("the-default-dtype", "the-gradient-mode", "the-seed-of-torch")
    ),
    *(
        HostilePlugin(
            f"a-metric-changes-{name}", metric(_measure(_PROCESS[name])), Harmless(), metrics="bad"
        )
        for name in ("the-default-dtype", "the-working-folder", "the-errors-of-numpy")
    ),
    *(
        HostilePlugin(
            f"its-import-changes-{name}",
            f"import torch\n{_PROCESS[name]}\n{method()}",
            Harmless(),
            methods="bad",
        )
        for name in ("the-default-dtype", "the-working-folder", "the-gradient-mode")
    ),
    *(
        HostilePlugin(name, metric(_measure(lines)), FailedScore(words), metrics="bad")
        for name, (lines, words) in _METRICS.items()
    ),
    HostilePlugin(
        "an-extractor-writes-into-its-images",
        extractor(
            "def extract(self, images):\n"
            "    images.bitwise_not_()\n"
            "    return Features(images.float().flatten(1)[:, :8])"
        ),
        Harmless(),
        metrics="kid[extractor=bad]",
    ),
    HostilePlugin(
        "an-extractor-writes-into-the-data",
        extractor("def prepare(self, data, runtime):\n    data.train.images.zero_()"),
        FailedScore("wrote into the training images", metric="kid"),
        metrics="kid[extractor=bad]",
    ),
    HostilePlugin(
        "an-extractor-changes-the-default-dtype",
        extractor("def prepare(self, data, runtime):\n    torch.set_default_dtype(torch.float64)"),
        Harmless(),
        metrics="kid[extractor=bad]",
    ),
)
