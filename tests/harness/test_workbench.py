"""What a data source raises is told as its own error, and never ends a call without a word."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from regene_bench.base.errors import DataError, Interrupted, PluginError
from regene_bench.harness.workbench import load_data
from regene_bench.plan.protocol import load_benchmark
from regene_bench.plugins.host import load_plugins
from tests.methods.builders import make_runtime
from tests.plugins.distributions import install

_SOURCE = """
import os
from regene_bench.hookspecs import hookimpl
from regene_bench.api import DataError, DatasetSource, Interrupted

@hookimpl
def register_datasets(register):
    register("flaky", "flaky_source:Flaky")

class Flaky(DatasetSource):
    def prepare(self):
        os.chdir("/")
        raise ERROR

    def load(self, split):
        raise AssertionError
"""


@pytest.mark.parametrize(
    ("error", "expected", "words"),
    [
        ("KeyError('split')", PluginError, "'flaky' of flaky-source 1.2 failed: KeyError: 'split'"),
        ("SystemExit(0)", PluginError, "SystemExit: 0"),
        ("DataError('no files')", DataError, "no files"),
        ("Interrupted('the test')", Interrupted, "the test"),
    ],
)
def test_its_error_is_told(
    error: str,
    expected: type[BaseException],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    install(site, "flaky-source", _SOURCE.replace("ERROR", error))
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delitem(sys.modules, "flaky_source", raising=False)
    monkeypatch.chdir(tmp_path)
    host = load_plugins()
    benchmark = load_benchmark(host, "digits")
    table = benchmark.data.model_copy(update={"source": "flaky"})
    benchmark = benchmark.model_copy(update={"data": table})
    with pytest.raises(expected) as caught:
        load_data(host, benchmark, (), make_runtime(tmp_path))
    assert words in str(caught.value)
    assert Path.cwd() == tmp_path
