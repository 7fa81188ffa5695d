"""Plugins that the conformance kit must find out.

Those with one fault each are classes of ``tests/testing``, where each is held to breaking no other
contract; here they are installed. What a registration itself can do wrong is written out.
"""

from __future__ import annotations

from tests.conftest import tiny_protocol_text
from tests.hostile_plugins.plugin import CheckFails, HostilePlugin
from tests.hostile_plugins.sources import method

_REGISTERS = """\
from regene_bench.hookspecs import hookimpl


@hookimpl
def register_{kind}s(register):
    register("{name}", "{target}", summary="of the tests")
"""
_HOOK_KINDS = {"extractor": "feature_extractor"}
_MODULES = {
    "method": "tests.testing.faulty_methods",
    "metric": "tests.testing.test_metrics",
    "extractor": "tests.testing.test_extractors",
    "dataset": "tests.testing.test_datasets",
}
_AND_A_BENCHMARK = """

@hookimpl
def register_benchmarks(register):
    register("tiny-hostile", "MODULE_files:tiny.toml")
"""


def _found_out(name: str, kind: str, faulty: str, check: str, found: str) -> HostilePlugin:
    """A distribution that registers a faulty class under the class's name.

    Args:
        name: Of the case.
        kind: Of the plugin.
        faulty: Name of the class, in the tests of its kind's checks.
        check: The check that must find it.
        found: What that check says.
    """
    hook = _HOOK_KINDS.get(kind, kind)
    source = _REGISTERS.format(kind=hook, name=faulty, target=f"{_MODULES[kind]}:{faulty}")
    files = {}
    if kind == "dataset":
        # a source is asked as a benchmark asks it
        source += _AND_A_BENCHMARK
        files = {"MODULE_files/__init__.py": "", "MODULE_files/tiny.toml": _protocol(faulty)}
    return HostilePlugin(name, source, CheckFails(check, found, kind, faulty), files=files)


def _protocol(source: str) -> str:
    text = tiny_protocol_text("neutral", rank_by="accuracy_neutral")
    for old, new in (
        ('"digits"', f'"{source}"'),
        ('"tiny"', '"tiny-hostile"'),
        ("height = 8", "height = 4"),
        ("width = 8", "width = 4"),
        ("classes = 10", "classes = 2"),
    ):
        text = text.replace(old, new)
    return text


_METHODS = (
    ("trains-on-the-test-split", "SelectsOnTest",
     "held-out-images-are-not-trained-on", "beside other held-out images"),
    ("trains-on-the-test-split-for-thresholds", "ClaimsThresholds",
     "held-out-images-are-not-trained-on", "other states are kept: good.safetensors"),
    ("trains-with-one-seed", "OneSeed",
     "another-seed-gives-other-samples", "trainings with two seeds end in one model"),
    ("draws-with-one-seed", "OneDraw",
     "another-seed-gives-other-samples", "one model gives the same samples for two seeds"),
    ("seeds-with-hash", "HashSeeded",
     "a-second-process-gives-the-same-samples", "in a second process samples are off by"),
    ("no-number-for-one-class", "NoSeven", "every-class-is-generated", "class 7"),
    ("goes-on-after-a-stop", "Unstoppable", "a-stop-is-obeyed", "fit returned a model"),
    ("two-stages-of-one-name", "OneName",
     "stages-have-names-of-their-own", "two stages of the name 'good'"),
    ("sampling-param-of-training", "Reusable",
     "sampling-params-change-no-training", "with batch_size="),
    ("sampling-param-of-no-field", "Misnamed",
     "sampling-params-change-no-training", "temperature, no field"),
    ("first-configuration-for-all", "FirstOfAll",
     "training-together-changes-nothing", "seed 1 with batch_size="),
    ("darkens-the-training-images", "Vandal",
     "the-data-are-left-alone", "the images have been changed"),
    ("writes-into-labels", "Scribbler", "the-data-are-left-alone", "changed the labels"),
)  # fmt: skip
_METRICS = (
    ("one-number-for-everybody", "Blind",
     "scores-change-with-the-images", "whatever it measures: {'grey': 0.25}"),
    ("grey-images-only", "OneShape",
     "images-of-any-shape-are-measured", "invalid for input of size"),
    ("names-another-split", "OtherSplit",
     "scores-are-of-the-split-that-they-name", "no score that names the test split changes"),
    ("deaf-to-its-reference", "DeafToReference",
     "scores-are-of-the-split-that-they-name", "with reference=test, no score"),
    ("no-card", "Cardless", "scores-are-of-declared-columns", "which extractor it rests on"),
    ("secret-extractor", "SecretExtractor",
     "extractors-are-declared", "it asked for pooled, which extractors does not name"),
    ("an-option-of-no-row", "Powers",
     "options-are-an-extractor-and-a-split", "the options power"),
    ("inverts-the-images", "Inverting",
     "scores-are-of-declared-columns", "wrote into the generated images"),
    ("normalises-features-in-place", "Normalising",
     "scores-are-of-declared-columns", "features of real images"),
)  # fmt: skip
_EXTRACTORS = (
    ("random-weights", "RandomWeights",
     "equal-cards-mean-equal-features", "prepared again, features are off by"),
    ("features-in-the-order-of-a-set", "HashOrdered",
     "equal-cards-mean-equal-features", "in a second process, features are off by"),
    ("peeps-at-the-test-split", "Peeping",
     "features-do-not-depend-on-held-out-images", "beside other held-out images"),
    ("half-precision", "Half", "the-arithmetic-is-that-of-the-card", "torch.float16"),
)  # fmt: skip
_DATASETS = (
    ("tests-on-brightened-training-images", "Brightened",
     "splits-share-no-near-duplicate", "100% of the test images"),
    ("test-classes-from-one", "ClassesMoved",
     "labels-mean-the-same-in-both-splits", "moved on by 1 of the classes 100%"),
    ("test-labels-of-the-image-before", "ImagesMoved",
     "labels-mean-the-same-in-both-splits", "in the order of images 100%"),
    ("images-in-the-order-of-a-set", "HashOrdered",
     "a-second-process-loads-the-same", "the train split is another"),
)  # fmt: skip
_WAITS = "import time\ntime.sleep(0.01)\n"
_COMPUTES = """\
import time
began = time.process_time()
while time.process_time() - began < 1.2:
    pass
"""
_NAMES_ONLY = _REGISTERS.format(kind="method", name="bad", target="tests.testing.good_method:Good")

HOSTILE = (
    *(_found_out(name, "method", *case) for name, *case in _METHODS),
    *(_found_out(name, "metric", *case) for name, *case in _METRICS),
    *(_found_out(name, "extractor", *case) for name, *case in _EXTRACTORS),
    *(_found_out(name, "dataset", *case) for name, *case in _DATASETS),
    HostilePlugin(
        "imports-torch-to-register",
        method(),
        CheckFails("registration-imports-nothing-heavy", "imports torch"),
    ),
    HostilePlugin(
        "waits-to-register",
        _WAITS + _NAMES_ONLY,
        CheckFails("registration-takes-no-time", "calls time.sleep"),
    ),
    HostilePlugin(
        "computes-to-register",
        _COMPUTES + _NAMES_ONLY,
        CheckFails("registration-takes-no-time", "s of CPU time"),
    ),
    HostilePlugin(
        "prints-to-register",
        "print('loading the plugin')\n" + _NAMES_ONLY,
        CheckFails("registration-prints-nothing", "prints 'loading the plugin'"),
    ),
)
