"""``doctor``: everything is looked at, and nothing that is broken stops it."""

from __future__ import annotations

import importlib
import json
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from regene_bench.cli.diagnosis import openvino
from tests.cli.conftest import Cli
from tests.conftest import TINY_PROTOCOL
from tests.plugins.distributions import BAD_PLUGINS, GOOD, install


def test_broken_and_missing_things_are_named(cli: Cli, plugins: Path) -> None:
    install(plugins, "fake-bad", BAD_PLUGINS["raises"][0])
    install(plugins, "fake-good", GOOD.replace("fake_good:Mine", "fake_good:NotAMethod"))
    done = cli("doctor", "--json")
    assert done.returncode == 0, done.stderr
    findings = json.loads(done.stdout)
    states = {(f["topic"], f["name"]): f["state"] for f in findings}
    details = {(f["topic"], f["name"]): f["detail"] for f in findings}
    assert "ValueError: cannot" in details["plugins", "plugin"] + str(details)
    assert states["plugins", "method mine"] == "broken"
    assert states["plugins", "first-party"] == "ok"
    assert states["data", "digits"] == "ok"
    assert states["data", "mnist"] == "missing"
    assert "Looked in" in details["data", "mnist"]
    assert states["weights", "inception"] == "missing"
    assert "weights fetch inception" in details["weights", "inception"]
    # the development extra installs it
    assert states["device", "openvino"] == "ok"
    assert details["device", "openvino"].startswith(version("openvino"))
    assert {"results", "cache"} <= {name for topic, name in states if topic == "disk"}


def test_functions_that_are_named_like_hooks_and_are_none(cli: Cli, plugins: Path) -> None:
    install(plugins, "fake-good", GOOD.replace("@hookimpl\n", ""))
    done = cli("doctor", "--json", "--strict")
    assert done.returncode == 1
    (told,) = [f["detail"] for f in json.loads(done.stdout) if f["state"] == "broken"]
    assert told.startswith("fake-good 1.2 defines register_methods, which nothing calls")
    assert "Write @hookimpl above it" in told
    assert told in cli("list", "methods").stderr


def test_two_plugins_of_one_name_are_named(cli: Cli, plugins: Path) -> None:
    install(plugins, "fake-good", GOOD)
    install(plugins, "fake-other", GOOD.replace("fake_good", "fake_other"))
    findings = json.loads(cli("doctor", "--json").stdout)
    details = {(f["topic"], f["name"]): f["detail"] for f in findings if f["state"] == "broken"}
    assert "fake-good:mine or fake-other:mine" in details["plugins", "method mine"]


def test_openvino_is_an_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    found = openvino()
    assert found.state == "missing"
    assert "pip install 'regene-bench[fast]'" in found.detail
    described = tmp_path / "openvino-2025.9.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: openvino\nVersion: 2025.9.0\n"
    )
    importlib.invalidate_caches()
    found = openvino()
    assert (found.state, found.detail) == ("ok", "2025.9.0, computes features on a CPU")


def test_as_text(cli: Cli) -> None:
    done = cli("doctor")
    assert done.returncode == 0, done.stderr
    for part in ("device", "plugins", "data", "weights", "disk"):
        assert f"\n{part}\n" in f"\n{done.stdout}"


_EXITS = """
import sys
from regene_bench.hookspecs import hookimpl
from regene_bench.api import Column, DatasetSource, Metric

@hookimpl
def register_benchmarks(register):
    register("leaving", "leaving_plugin:leaving.toml")

@hookimpl
def register_datasets(register):
    register("leaving", "leaving_plugin:Leaving")

@hookimpl
def register_metrics(register):
    register("borrower", "leaving_plugin:Borrower")

class Leaving(DatasetSource):
    def prepare(self):
        sys.exit(0)

    def load(self, split):
        raise AssertionError

class Borrower(Metric):
    columns = (Column("fid", "lower"),)

    def measure(self, evaluation):
        return ()
"""


def test_strict_it_fails_where_something_is_broken_and_survives_what_that_does(
    cli: Cli, plugins: Path
) -> None:
    assert cli("doctor", "--strict").returncode == 0
    install(plugins, "leaving-plugin", None)
    package = plugins / "leaving_plugin"
    package.mkdir()
    (package / "__init__.py").write_text(_EXITS)
    protocol = TINY_PROTOCOL.replace("METRICS", '"neutral"').replace("RANK", "accuracy_neutral")
    protocol = protocol.replace('source = "digits"', 'source = "leaving"')
    protocol = protocol.replace('name = "tiny"', 'name = "leaving"')
    presets = "".join(
        f"[presets.{name}]\nn_generated = 4\nn_reference = 4\n"
        for name in ("quick", "standard", "paper")
    )
    (package / "leaving.toml").write_text(protocol + presets)
    done = cli("doctor", "--json", "--strict")
    assert done.returncode == 1, done.stderr
    details = {f["name"]: f["detail"] for f in json.loads(done.stdout) if f["state"] == "broken"}
    assert "SystemExit" in details["leaving"]
    assert "reports the column 'fid'" in details["metric borrower"]
    assert cli("doctor").returncode == 0
