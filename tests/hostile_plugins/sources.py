"""Texts of plugin modules: the part that is right, to which a case adds what is wrong."""

from __future__ import annotations

from textwrap import dedent, indent

_HEAD = """\
import numpy as np
import torch
from regene_bench.hookspecs import hookimpl
from regene_bench.api import (
    BenchmarkData, Column, ExtractorCard, Features, FeatureExtractor, Generation, Method,
    MethodConfig, Metric, MetricConfig, Score,
)


@hookimpl
def register_{kind}s(register):
    register("{name}", "MODULE:Bad")

"""
_METHOD = """
class Model:
    def __init__(self, data):
        self.shape = data.shape

    def generate(self, labels, rng):
        s = self.shape
        return Generation(rng.uniform(len(labels), (s.channels, s.height, s.width)))


class Bad(Method):
    def fit(self, data, runtime):
        return Model(data)

"""
_METRIC = """
class Bad(Metric):
    columns = (Column("bad", "lower"),)

    def measure(self, evaluation):
        yield Score("bad", 0.5)

"""
_EXTRACTOR = """
class Bad(FeatureExtractor):
    @property
    def card(self):
        return ExtractorCard("bad", 0, (0.0, 255.0), 8, "aa", "none")

    def prepare(self, data, runtime):
        pass

    def extract(self, images):
        return Features(images.float().mean(dim=1).flatten(1)[:, :8])

"""


def method(body: str = "", *, more: str = "", name: str = "bad") -> str:
    """A module with a method that generates noise.

    Args:
        body: What the class ``Bad`` has besides or instead of its own; ``Model`` is its model.
        more: Lines of the module, below all else.
        name: What the method is registered as.
    """
    return _head("method", name) + _METHOD + _inside(body) + dedent(more)


def metric(body: str = "", *, more: str = "", name: str = "bad") -> str:
    """A module with a metric of one column ``bad``; arguments as those of ``method``."""
    return _head("metric", name) + _METRIC + _inside(body) + dedent(more)


def extractor(body: str = "", *, more: str = "", name: str = "bad") -> str:
    """A module with an extractor of pixels; arguments as those of ``method``."""
    return _head("feature_extractor", name) + _EXTRACTOR + _inside(body) + dedent(more)


def _head(kind: str, name: str) -> str:
    return _HEAD.format(kind=kind, name=name)


def _inside(body: str) -> str:
    return indent(dedent(body), "    ") + "\n"
