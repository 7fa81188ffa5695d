"""``doctor``: everything is looked at, and nothing that is broken stops it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Cli
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
    assert {"results", "cache"} <= {name for topic, name in states if topic == "disk"}


def test_two_plugins_of_one_name_are_named(cli: Cli, plugins: Path) -> None:
    install(plugins, "fake-good", GOOD)
    install(plugins, "fake-other", GOOD.replace("fake_good", "fake_other"))
    findings = json.loads(cli("doctor", "--json").stdout)
    details = {(f["topic"], f["name"]): f["detail"] for f in findings if f["state"] == "broken"}
    assert "fake-good:mine or fake-other:mine" in details["plugins", "method mine"]


def test_as_text(cli: Cli) -> None:
    done = cli("doctor")
    assert done.returncode == 0, done.stderr
    for part in ("device", "plugins", "data", "weights", "disk"):
        assert f"\n{part}\n" in f"\n{done.stdout}"
