"""``list``: what is there, where it comes from, and what is broken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.plugins.distributions import BAD_PLUGINS, GOOD, install


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("benchmarks", "fashion-mnist"),
        ("methods", "regene"),
        ("metrics", "fid"),
        ("extractors", "efficientnet_lite0"),
        ("datasets", "folder"),
        ("plugins", "first-party"),
    ],
)
def test_every_kind_is_listed(cli: Cli, what: str, name: str) -> None:
    done = cli("list", what)
    assert (done.returncode, done.stderr) == (0, "")
    assert name in [line.split()[0] for line in done.stdout.splitlines()]
    assert name in [item["name"] for item in json.loads(cli("list", what, "--json").stdout)]


def test_third_party_collisions_and_broken_ones(cli: Cli, plugins: Path) -> None:
    install(plugins, "fake-good", GOOD.replace('"mine"', '"cgan"'))
    install(plugins, "fake-bad", BAD_PLUGINS["misspelled"][0])
    done = cli("list", "methods")
    assert done.returncode == 0
    for name in ("fake-good:cgan", "regene-bench:cgan", "regene"):
        assert name in done.stdout
    assert "fake-bad" in done.stderr
    listed = cli("list", "plugins").stdout
    assert "Did you mean 'register_methods'?" in " ".join(listed.split())


def test_control_characters_are_not_printed(cli: Cli, plugins: Path) -> None:
    install(plugins, "fake-good", GOOD.replace("my method", "\\x1b[2J\\nmy method"))
    done = cli("list", "methods")
    assert "\x1b" not in done.stdout
    assert "my method" in done.stdout
    install(plugins, "fake-bad", "raise RuntimeError('\\x1b[2J')")
    assert "\x1b" not in cli("list", "plugins").stdout


def test_the_core_alone(cli: Cli) -> None:
    done = cli("list", "methods", REGENE_BENCH_PLUGINS="nobody")
    assert done.returncode == 0
    assert "No method is registered." in done.stdout
