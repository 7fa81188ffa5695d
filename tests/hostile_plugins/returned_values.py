"""Plugins that hand over values of a wrong type, shape or range."""

from __future__ import annotations

from tests.hostile_plugins.other_kinds import CHEAP, figure, figure_files, source, source_files
from tests.hostile_plugins.plugin import (
    FailedRun,
    FailedScore,
    Harmless,
    HostilePlugin,
    Prints,
    Refused,
)
from tests.hostile_plugins.sources import extractor, method, metric

_GENERATED = {
    "a-tuple": ("(torch.rand(n, 1, 8, 8), labels)", "a tuple, not a Generation"),
    "a-tensor": ("torch.rand(n, 1, 8, 8)", "a Tensor, not a Generation"),
    "nothing": ("None", "a NoneType, not a Generation"),
    "a-generator": ("(image for image in torch.rand(n, 1, 8, 8))", "a generator, not a Generation"),
    "an-array": ("Generation(np.zeros((n, 1, 8, 8), np.float32))", "images as a ndarray"),
    "a-wrong-shape": ("Generation(torch.rand(n, 8, 8))", "gave shape [40, 8, 8]"),
    "too-few": ("Generation(torch.rand(n - 1, 1, 8, 8))", "gave shape [39, 1, 8, 8]"),
    "bytes": ("Generation(torch.zeros(n, 1, 8, 8, dtype=torch.uint8))", "gave torch.uint8"),
    "complex-numbers": ("Generation(torch.rand(n, 1, 8, 8) * 1j)", "gave torch.complex64"),
    "nan": ("Generation(torch.full((n, 1, 8, 8), torch.nan))", "not finite in 40 of 40"),
    "up-to-255": ("Generation(torch.full((n, 1, 8, 8), 255.0))", "from 255 to 255"),
    "images-without-memory": (
        "Generation(torch.rand(n, 1, 8, 8, device='meta'))",
        "meta",
    ),
    "trials-as-floats": (
        "Generation(torch.rand(n, 1, 8, 8), trials={'latent': torch.ones(n)})",
        "trials['latent'] must be int64 [40]",
    ),
    "trials-as-a-list": (
        "Generation(torch.rand(n, 1, 8, 8), trials={'latent': [1] * n})",
        "trials['latent'] must be int64 [40]",
    ),
    "trials-without-names": (
        "Generation(torch.rand(n, 1, 8, 8), trials=torch.ones(n))",
        "trials are a Tensor",
    ),
    "labelled-as-a-tensor": (
        "Generation(torch.rand(n, 1, 8, 8), labelled=torch.ones(n))",
        "not True or False",
    ),
}
_TAKEN = {
    "images-with-gradients": (
        "with torch.inference_mode(False), torch.enable_grad():\n"
        "    images = torch.rand(n, 1, 8, 8, requires_grad=True) * 1.0\n"
        "return Generation(images)"
    ),
    "half-precision": "return Generation(torch.rand(n, 1, 8, 8).half())",
    "double-precision": "return Generation(torch.rand(n, 1, 8, 8).double())",
    "channels-last": ("return Generation(torch.rand(n, 8, 8, 1).permute(0, 3, 1, 2))"),
}
_FITTED = {
    "nothing": ("None", "its model has no generate method"),
    "a-class": ("Model", "generate"),
    "a-number": ("7", "its model has no generate method"),
    "a-model-that-cannot": (
        "type('M', (), {'generate': None})()",
        "its model has no generate method",
    ),
}
_SCORES = {
    "in-words": ('Score("bad", "high")', "'high'"),
    "as-nan": ('Score("bad", float("nan"))', "nan"),
    "of-another-column": ('Score("fid", 1.0)', "'fid', which is none of the metric's columns"),
    "as-a-number": ("1.0", "a float, not a Score"),
    "without-a-class-name": ('Score("bad", 1.0, class_name=3)', "class of bad is a int"),
    "against-a-split-that-is-not": (
        'Score("bad", 1.0, reference_split="valid")',
        "reference split of bad is 'valid'",
    ),
    "with-a-card-in-words": ('Score("bad", 1.0, card="inception")', "card of bad is a str"),
    "with-a-spread-below-zero": ('Score("bad", 1.0, std=-1)', "less than 0"),
    "beside-its-interval": ('Score("bad", 1.0, interval=(2, 3))', "does not hold"),
    "of-more-images-than-there-can-be": (
        'Score("bad", 1.0, n_real=10**30)',
        "no number of images",
    ),
}
_FEATURES = {
    "no-features": ("images", "a Tensor, not Features"),
    "one-row": ("Features(torch.zeros(1, 8))", "features of shape [1, 8]"),
    "flat-features": ("Features(torch.zeros(len(images)))", "features of shape"),
    "whole-numbers": ("Features(torch.zeros(len(images), 8, dtype=torch.int64))", "torch.int64"),
    "infinite-features": ("Features(torch.ones(len(images), 8) / 0)", "not finite"),
    "arrays": ("Features(np.zeros((len(images), 8)))", "of shape ndarray"),
}
_SPLITS = {
    "a-tuple": ("return images, labels", "is a tuple"),
    "floats": ("images = images / 255\nreturn ImageSet(images, labels, NAMES)", "not uint8"),
    "channels-last": (
        "return ImageSet(images.transpose(0, 2, 3, 1), labels, NAMES)",
        "images of shape [60, 8, 8, 1]",
    ),
    "no-images": ("return ImageSet(images[:0], labels[:0], NAMES)", "has no images"),
    "short-labels": ("return ImageSet(images, labels[:9], NAMES)", "labels of shape [9]"),
    "small-labels": (
        "return ImageSet(images, labels.astype(np.int32), NAMES)",
        "labels of type int32",
    ),
    "labels-from-one": ("return ImageSet(images, labels + 1, NAMES)", "labels from 1 to 10"),
    "numbers-for-names": ("return ImageSet(images, labels, range(10))", "not a tuple of texts"),
    "other-names-for-the-test-split": (
        "names = NAMES if split == 'train' else NAMES[::-1]\n"
        "return ImageSet(images, labels, names)",
        "names the classes of its splits differently",
    ),
}
_EXTRACTORS = {
    "one-weights-file-in-words": ('weights = "w.pth"', "its weights is 'w.pth'"),
    "a-card-as-a-method": (
        'def card(self):\n    return ExtractorCard("bad", 0, (0, 255), 8, "aa", "none")',
        "card must be a property",
    ),
    "training-in-words": ('trained_on_data = "yes"', "its trained_on_data is 'yes'"),
}
# attributes of classes that are of a wrong type, and what is said of them
_METHODS = {
    "a-version-that-is-a-number": ("version = 2", 'its version is 2; write version = "2"'),
    "a-config-that-is-a-dict": ("Config = {}", "its Config is {}"),
    "a-reference-in-words": ('is_reference = "no"', "its is_reference is 'no'"),
    "sampling-params-in-one-text": ('sampling_params = "noise"', "sampling_params is 'noise'"),
    "a-preset-of-objects": ("def preset(self, preset, shape):\n    return {}", "@classmethod"),
    "no-fit": (
        "from abc import abstractmethod\nfit = abstractmethod(Method.fit)",
        "not define fit",
    ),
    "a-preset-that-is-a-list": (
        "@classmethod\ndef preset(cls, preset, shape):\n    return ['epochs']",
        "no parameters by name",
    ),
}
_METRICS = {
    "one-column-without-a-comma": ('columns = (Column("bad", "lower"))', "write columns = ("),
    "no-columns": ("columns = ()", "its columns are ()"),
    "a-column-in-words": ('columns = ("bad",)', "'bad', not a Column"),
    "a-direction-that-is-none": ('columns = (Column("bad", "up"),)', "the direction of 'bad'"),
    "two-columns-of-one-name": (
        'columns = (Column("bad", "lower"), Column("bad", "lower"))',
        "two of its columns have one name",
    ),
    "requires-in-one-text": ('requires = "classify"', 'write requires = ("generate",)'),
    "requires-what-no-model-can": (
        'requires = ("clasify",)',
        "requires 'clasify', which no model can.\nDid you mean 'classify'?",
    ),
    "extractors-as-a-method": (
        'def extractors(self):\n    return ("inception",)',
        "extractors must be a property: write @property above `def extractors(self)`",
    ),
    "extractors-in-one-text": ('extractors = "neutral"', "its extractors are 'neutral'"),
    "a-reference-that-is-no-split": ('reference = "valid"', "compares with the split 'valid'"),
    "moments-in-words": ('moments_suffice = "yes"', "its moments_suffice is 'yes'"),
}
_CONFIGS = {
    "a-number-that-is-rounded": (
        "rate: float = 0.4\n"
        "    @pydantic.field_serializer('rate')\n"
        "    def _short(self, value): return round(value)",
        "changes on its way through JSON: rate = 0.4 comes back as 0.0",
    ),
    "a-tensor": (
        "model_config = {'arbitrary_types_allowed': True}\n    value: torch.Tensor = torch.ones(3)",
        "PydanticSerializationError",
    ),
    "a-field-that-is-left-out": (
        "hidden: float = pydantic.Field(default_factory=itertools.count().__next__, exclude=True)",
        "comes back as",
    ),
    "a-name-that-it-does-not-take-back": (
        "size: int = pydantic.Field(default=..., alias='Size')\n"
        "    @classmethod\n"
        "    def model_validate(cls, values): return super().model_validate(values or {'Size': 1})",
        "cannot be read back from its JSON",
    ),
    "a-set-of-words": (
        "words: frozenset[str] = frozenset({'a', 'b'})",
        "has no order; make it a sorted tuple",
    ),
    "a-validator-that-lacks-a-key": (
        "size: int = pydantic.Field(default=3, validate_default=True)\n"
        "    @pydantic.field_validator('size')\n"
        "    def _check(cls, value): return {}[value]",
        "failed: KeyError: 3",
    ),
}


def _model(lines: str) -> str:
    body = "\n".join(f"        {line}" for line in lines.splitlines())
    head = "class Model(Model):\n    def generate(self, labels, rng):\n        n = len(labels)\n"
    return f"{head}{body}\n"


def _split(lines: str) -> str:
    body = "\n".join(f"    {line}" for line in lines.splitlines())
    return (
        "def load(self, split):\n"
        "    images = np.zeros((60, 1, 8, 8), np.uint8)\n"
        f"    labels = np.arange(60, dtype=np.int64) % 10\n{body}"
    )


def _with_config(fields: str) -> str:
    head = "import itertools, pydantic\nclass Config(MethodConfig):\n"
    return f"{head}    {fields}\nBad.Config = Config\n"


HOSTILE = (
    *(
        HostilePlugin(
            f"generates-{name}",
            method(more=_model(f"return {value}")),
            FailedRun(words),
            methods="bad",
        )
        for name, (value, words) in _GENERATED.items()
    ),
    *(
        HostilePlugin(f"generates-{name}", method(more=_model(lines)), Harmless(), methods="bad")
        for name, lines in _TAKEN.items()
    ),
    *(
        HostilePlugin(
            f"fit-gives-{name}",
            method(f"def fit(self, data, runtime):\n    return {value}"),
            FailedRun(words),
            methods="bad",
        )
        for name, (value, words) in _FITTED.items()
    ),
    *(
        HostilePlugin(
            f"has-{name}",
            method(lines),
            Refused(words),
            methods="bad",
        )
        for name, (lines, words) in _METHODS.items()
    ),
    *(
        HostilePlugin(
            f"is-set-by-{name}", method(more=_with_config(fields)), Refused(words), methods="bad"
        )
        for name, (fields, words) in _CONFIGS.items()
    ),
    *(
        HostilePlugin(
            f"a-score-{name}",
            metric(f"def measure(self, evaluation):\n    yield {score}"),
            FailedScore(words),
            metrics="bad",
        )
        for name, (score, words) in _SCORES.items()
    ),
    HostilePlugin(
        "a-score-as-a-tensor",
        metric('def measure(self, evaluation):\n    return Score("bad", torch.tensor(0.5))'),
        Harmless(),
        metrics="bad",
    ),
    HostilePlugin(
        "no-scores-at-all",
        metric("def measure(self, evaluation):\n    pass"),
        FailedScore("measure gave a NoneType, no scores"),
        metrics="bad",
    ),
    *(
        HostilePlugin(f"a-metric-with-{name}", metric(lines), Refused(words), metrics="bad")
        for name, (lines, words) in _METRICS.items()
    ),
    *(
        HostilePlugin(
            f"an-extractor-gives-{name}",
            extractor(f"def extract(self, images):\n    return {value}"),
            FailedScore(words, metric="kid"),
            metrics="kid[extractor=bad]",
        )
        for name, (value, words) in _FEATURES.items()
    ),
    *(
        HostilePlugin(
            f"an-extractor-with-{name}",
            extractor(lines),
            FailedScore(words, metric="kid"),
            metrics="kid[extractor=bad]",
        )
        for name, (lines, words) in _EXTRACTORS.items()
    ),
    HostilePlugin(
        "a-source-that-knows-splits-by-name",
        source('knows_splits = ("train", "test")'),
        Refused("its knows_splits is ('train', 'test')"),
        benchmark="bad-data",
        files=source_files(),
    ),
    HostilePlugin(
        "a-card-in-words",
        extractor('@property\ndef card(self):\n    return "bad"'),
        FailedScore("has a str for its card", metric="kid"),
        metrics="kid[extractor=bad]",
    ),
    HostilePlugin(
        "a-hash-that-is-a-number",
        extractor(
            "@property\ndef card(self):\n"
            '    return ExtractorCard("bad", 0, (0.0, 255.0), 8, 123, "none")'
        ),
        FailedScore("weights_sha256 on its card is 123, no text", metric="kid"),
        metrics="kid[extractor=bad]",
    ),
    *(
        HostilePlugin(
            f"a-source-gives-{name}",
            source(_split(lines)),
            Refused(words),
            benchmark="bad-data",
            files=source_files(),
        )
        for name, (lines, words) in _SPLITS.items()
    ),
    HostilePlugin(
        "a-figure-gives-words",
        figure("def draw(self, views):\n    yield 'a table'"),
        Prints(
            ("study", "bad-study", *CHEAP),
            ("draw gave a str, not an Exhibit",),
            4,
        ),
        files=figure_files(),
    ),
    HostilePlugin(
        "a-figure-gives-two-of-one-name",
        figure(
            "def draw(self, views):\n"
            "    yield Exhibit('one', 'A table.', {'x': [1]})\n"
            "    yield Exhibit('one', 'Another.', {'x': [2]})"
        ),
        Prints(
            ("study", "bad-study", *CHEAP),
            ("two exhibits named 'one'",),
            3,
        ),
        files=figure_files(),
    ),
)
