"""Texts of modules of the kinds that a run is not made of: sources, executors, figures, hooks."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import dedent, indent

from tests.conftest import tiny_protocol_text

CHEAP = ("--preset", "quick", "--device", "cpu", "--results", "of-the-command")
"""Arguments of a command that runs something."""
_HEAD = """\
import numpy as np
import torch
from regene_bench.hookspecs import hookimpl
"""
_SOURCE = """
from regene_bench.api import DatasetSource, ImageSet

NAMES = tuple(str(number) for number in range(10))

@hookimpl
def register_datasets(register):
    register("bad", "MODULE:Bad")

@hookimpl
def register_benchmarks(register):
    register("bad-data", "MODULE_files:bad.toml")

class Bad(DatasetSource):
    def prepare(self):
        pass

    def load(self, split):
        labels = np.arange(60, dtype=np.int64) % 10
        return ImageSet(np.zeros((60, 1, 8, 8), np.uint8), labels, NAMES)

"""
_EXECUTOR = """
@hookimpl
def register_executors(register):
    register("bad", "MODULE:carry_out")

"""
_FIGURE = """
from regene_bench.api import Exhibit, Figure

@hookimpl
def register_figures(register):
    register("bad", "MODULE:Bad")

@hookimpl
def register_benchmarks(register):
    register("bad-board", "MODULE_files:bad.toml")

@hookimpl
def register_studies(register):
    register("bad-study", "MODULE_files:study.toml")

class Good:
    pass

class Bad(Figure):
    def draw(self, views):
        yield Exhibit("bad", "A table.", {"x": [1]})

"""
STUDY = """
name = "bad-study"
version = 1
title = "One table"
source = "nowhere"
benchmarks = ["bad-board"]
methods = "real"

[[figures]]
kind = "bad"
"""


def source(body: str = "") -> str:
    """A module with a data source of black images and the benchmark ``bad-data`` on it.

    Args:
        body: What the class ``Bad`` has besides or instead of its own.
    """
    return _HEAD + _SOURCE + indent(dedent(body), "    ")


def source_files() -> Mapping[str, str]:
    """The files beside such a module."""
    text = tiny_protocol_text("neutral", rank_by="accuracy_neutral")
    text = text.replace('source = "digits"', 'source = "bad"').replace('"tiny"', '"bad-data"')
    return _package(**{"bad.toml": text})


def executor(body: str) -> str:
    """A module with an executor ``bad``; the text defines the function ``carry_out``."""
    return _HEAD + _EXECUTOR + dedent(body)


def figure(body: str = "", *, more: str = "") -> str:
    """A module with a figure, a study ``bad-study`` that shows it, and the study's benchmark.

    Args:
        body: What the class ``Bad`` has besides or instead of its own.
        more: Lines of the module, below all else.
    """
    return _HEAD + _FIGURE + indent(dedent(body), "    ") + dedent(more)


def figure_files(study: str = STUDY) -> Mapping[str, str]:
    """The files beside such a module."""
    text = tiny_protocol_text("neutral", rank_by="accuracy_neutral").replace(
        '"tiny"', '"bad-board"'
    )
    return _package(**{"bad.toml": text, "study.toml": study})


def hook(body: str) -> str:
    """A module of hooks that is nothing else; the text defines them."""
    return _HEAD + dedent(body)


def _package(**texts: str) -> Mapping[str, str]:
    return {f"MODULE_files/{name}": text for name, text in {"__init__.py": "", **texts}.items()}
