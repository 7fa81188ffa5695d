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
        ("loggers", "tensorboard"),
        ("plugins", "first-party"),
    ],
)
def test_every_kind_is_listed(cli: Cli, what: str, name: str) -> None:
    done = cli("list", what)
    assert (done.returncode, done.stderr) == (0, "")
    assert name in [line.split()[0] for line in done.stdout.splitlines() if line]
    assert name in [item["name"] for item in json.loads(cli("list", what, "--json").stdout)]


def test_what_each_plugin_registers_is_listed_by_kind(cli: Cli, plugins: Path) -> None:
    observer = "\n@hookimpl\ndef run_finished(run, status):\n    pass\n"
    install(plugins, "fake-good", GOOD + observer)
    listed = " ".join(cli("list", "plugins").stdout.split())
    assert "plugin of fake-good registers: method 1 mine observer 1 run_finished" in listed
    (own,) = [
        p for p in json.loads(cli("list", "plugins", "--json").stdout) if p["name"] == "plugin"
    ]
    assert own["registers"] == {"method": ["mine"]}
    assert own["hooks"] == ["run_finished"]


def test_a_blocked_plugin_is_listed_as_such_and_named_where_a_name_is_not_found(
    cli: Cli, plugins: Path
) -> None:
    install(plugins, "fake-good", GOOD)
    rows = cli("--block-plugin", "Fake_Good", "list", "plugins").stdout.splitlines()
    assert [row.split() for row in rows if "fake" in row] == [
        ["plugin", "fake-good", "1.2", "blocked"]
    ]
    done = cli("info", "mine", REGENE_BENCH_BLOCK_PLUGINS="fake-good")
    assert done.returncode == 2
    assert "Blocked by REGENE_BENCH_BLOCK_PLUGINS is fake-good." in done.stderr
    done = cli("--block-plugin", "fake-god", "list", "methods")
    assert "no plugin is blocked as 'fake-god': none is called so" in done.stderr


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
