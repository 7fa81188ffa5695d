"""Whatever is registered by this distribution keeps its contracts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from regene_bench_plugins.metrics import classification_accuracy_score

from regene_bench.base.environment import DATA_VARIABLE
from regene_bench.testing import CHECKED_KINDS, Check, checks_for, run_check
from regene_bench.testing.entries_by_hook import HOOKS
from regene_bench.testing.runner import entry_kind
from tests.first_party import entries

EMBEDDED = {"digits"}
# these would be downloaded
_NEED_DATA = {
    "dataset": {
        "both-splits-are-images",
        "every-class-is-in-both-splits",
        "splits-share-no-image",
        "splits-share-no-near-duplicate",
        "labels-mean-the-same-in-both-splits",
        "loading-twice-gives-the-same",
        "a-second-process-loads-the-same",
        "the-files-exist",
    },
    "benchmark": {"its-data-are-what-it-says"},
}
# trainings at full length, or at several sizes
_SLOW_CHECKS = {"labels-are-obeyed", "images-of-any-size-are-generated"}
# what trains a network, or runs a large one
_SLOW_NAMES = {
    "classification_accuracy",
    "neutral",
    "efficientnet_lite0",
    "inception",
    "vgg16",
    "dinov2",
}


# it trains a classifier for each share of generated images, which takes a minute of stripes, too
_LEFT_OUT = {("figure", "augmentation")}


def names_of(kind: str) -> list[str]:
    if kind in HOOKS:
        return []
    names = [entry.name for entry in entries(entry_kind(kind))]
    return [name for name in names if (kind, name) not in _LEFT_OUT]


def cases() -> Iterator[Any]:
    for kind in CHECKED_KINDS:
        for name in names_of(kind):
            for check in checks_for(kind):
                marks = list(_marks(kind, name, check))
                yield pytest.param(kind, name, check, marks=marks, id=f"{kind}-{name}-{check.name}")


def _marks(kind: str, name: str, check: Check) -> Iterator[pytest.MarkDecorator]:
    heavy = kind in ("metric", "extractor") and name in _SLOW_NAMES
    if heavy or check.name in _SLOW_CHECKS:
        yield pytest.mark.slow
    if check.name in _NEED_DATA.get(kind, ()) and name not in EMBEDDED:
        yield pytest.mark.slow
        yield pytest.mark.real_data
        reason = f"{DATA_VARIABLE} is not set: {name} was NOT looked at"
        yield pytest.mark.skipif(not os.environ.get(DATA_VARIABLE), reason=reason)


@pytest.fixture(autouse=True)
def _classifiers_of_generated_images_see_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """What they learn is no contract, and the checks train them nine times."""
    monkeypatch.setattr(classification_accuracy_score, "_LEAST_SEEN", 3000)


@pytest.mark.parametrize(("kind", "name", "check"), list(cases()))
def test_it_keeps_its_contract(
    kind: str, name: str, check: Check, conformance_subject: Callable[[str, str], Any]
) -> None:
    result = run_check(check, conformance_subject(kind, name))
    if result.status == "skipped":
        pytest.skip(result.found)
    assert result.status == "passed", f"\n{result.explain()}"


def test_the_exceptions_are_of_what_is_there() -> None:
    assert set(names_of("dataset")) > EMBEDDED
    assert set(names_of("metric") + names_of("extractor")) > _SLOW_NAMES
    assert {check.name for check in checks_for("method")} > _SLOW_CHECKS
    for kind, needing in _NEED_DATA.items():
        assert {check.name for check in checks_for(kind)} > needing
