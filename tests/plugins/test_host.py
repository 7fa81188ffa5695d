"""Plugins are isolated: a broken one is named, and everything else goes on."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from regene_bench.base.errors import PluginError, UsageError
from regene_bench.plugins.entries import KIND_OF_HOOK, RETIRED_HOOKS
from regene_bench.plugins.host import PluginHost, load_plugins
from tests.plugins.distributions import BAD_PLUGINS, GOOD, install

FIRST_PARTY = {"real", "autoencoder", "regene", "cgan", "ugan", "cvae", "nsgan", "lsgan"} | {
    "wgan_gp",
    "began",
    "dcgan",
    "sngan",
}


@pytest.fixture(autouse=True)
def _own_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("REGENE_BENCH_PLUGINS", raising=False)
    monkeypatch.delenv("REGENE_BENCH_STRICT_PLUGINS", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    modules = set(sys.modules)
    yield
    for name in set(sys.modules) - modules:
        if name.startswith("fake_"):
            del sys.modules[name]


def names(host: PluginHost, kind: str = "method") -> set[str]:
    return {entry.name for entry in host.entries(kind)}


def test_first_party_plugins_come_through_entry_points() -> None:
    host = load_plugins()
    assert host.broken == []
    assert names(host) >= FIRST_PARTY
    entry = host.find("method", "regene")
    assert entry.distribution == "regene-bench"
    assert host.find("method", "regene-bench:regene") == entry


def test_a_third_party_plugin_is_found_and_loads(tmp_path: Path) -> None:
    install(tmp_path, "fake-good", GOOD)
    host = load_plugins()
    entry = host.find("method", "mine")
    assert (entry.distribution, entry.version, entry.summary) == ("fake-good", "1.2", "my method")
    assert entry.load().__name__ == "Mine"
    assert host.broken == []


@pytest.mark.parametrize("kind", sorted(BAD_PLUGINS))
def test_a_broken_plugin_is_listed_and_the_others_work(tmp_path: Path, kind: str) -> None:
    source, reason = BAD_PLUGINS[kind]
    install(tmp_path, "fake-bad", source)
    install(tmp_path, "fake-good", GOOD)
    host = load_plugins()
    assert [(b.distribution, b.name, b.version) for b in host.broken] == [
        ("fake-bad", "plugin", "1.2")
    ]
    assert reason in host.broken[0].error
    assert "Traceback" in host.broken[0].traceback
    assert names(host) >= FIRST_PARTY | {"mine"}
    assert "half" not in names(host) | names(host, "metric")


@pytest.mark.parametrize("kind", sorted(BAD_PLUGINS))
def test_strict_mode_raises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    install(tmp_path, "fake-bad", BAD_PLUGINS[kind][0])
    monkeypatch.setenv("REGENE_BENCH_STRICT_PLUGINS", "1")
    with pytest.raises(PluginError, match=r"'plugin' of fake-bad 1\.2 is broken"):
        load_plugins()


def test_an_entry_point_that_is_not_there(tmp_path: Path) -> None:
    install(tmp_path, "fake-bad", None)
    install(tmp_path, "fake-good", GOOD)
    host = load_plugins()
    assert "ModuleNotFoundError" in host.broken[0].error
    assert "mine" in names(host)


def test_entry_points_that_do_not_parse(tmp_path: Path) -> None:
    install(tmp_path, "fake-good", GOOD)
    install(tmp_path, "fake-bad", GOOD)
    file = tmp_path / "fake_bad-1.2.dist-info" / "entry_points.txt"
    file.write_text("[regene_bench]\nno equals sign here\n")
    host = load_plugins()
    assert names(host) >= FIRST_PARTY | {"mine"}
    assert len(host.broken) == 1


def test_a_misspelled_hook_names_the_right_one(tmp_path: Path) -> None:
    install(tmp_path, "fake-bad", BAD_PLUGINS["misspelled"][0])
    assert "Did you mean 'register_methods'?" in load_plugins().broken[0].error


@pytest.mark.parametrize("hook", sorted(RETIRED_HOOKS))
@pytest.mark.parametrize(
    "lines", ["@hookimpl\ndef HOOK(register)", "@hookimpl(specname='HOOK')\ndef own(register)"]
)
def test_a_hook_that_was_retired_is_passed_over(tmp_path: Path, hook: str, lines: str) -> None:
    assert hook not in KIND_OF_HOOK
    old = f"{GOOD}\n{lines.replace('HOOK', hook)}:\n    raise AssertionError('called')\n"
    install(tmp_path, "fake-old", old)
    host = load_plugins()
    assert host.broken == []
    assert "mine" in names(host)


def test_one_entry_point_name_in_two_distributions(tmp_path: Path) -> None:
    install(tmp_path, "fake-one", GOOD)
    install(tmp_path, "fake-two", GOOD.replace('"mine"', '"other"'))
    assert names(load_plugins()) >= {"mine", "other"}


def test_one_method_name_in_two_distributions(tmp_path: Path) -> None:
    install(tmp_path, "fake-one", GOOD)
    install(tmp_path, "fake-two", GOOD)
    host = load_plugins()
    assert host.broken == []
    with pytest.raises(PluginError) as caught:
        host.find("method", "mine")
    for part in ("fake-one", "fake-two", "'fake-one:mine'"):
        assert part in str(caught.value)
    assert host.find("method", "fake-two:mine").distribution == "fake-two"
    assert {"fake-one:mine", "fake-two:mine", "cgan"} <= set(host.shown_names("method"))


def test_a_collision_with_a_first_party_name_leaves_other_names_alone(tmp_path: Path) -> None:
    install(tmp_path, "fake-one", GOOD.replace('"mine"', '"cgan"'))
    host = load_plugins()
    with pytest.raises(PluginError, match="regene-bench:cgan"):
        host.find("method", "cgan")
    assert host.find("method", "regene").distribution == "regene-bench"


def test_unknown_names() -> None:
    host = load_plugins()
    with pytest.raises(UsageError, match="Did you mean 'regene'"):
        host.find("method", "regen")
    with pytest.raises(UsageError, match="Did you mean 'method'"):
        host.entries("methods")


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("fake_good.nowhere:Mine", "ModuleNotFoundError"),
        ("fake_good:Nobody", "AttributeError"),
        ("fake_good:NotAMethod", "not a subclass of regene_bench.api.Method"),
        ("os:getcwd", "not a subclass"),
    ],
)
def test_a_target_that_cannot_be_used_names_the_distribution(
    tmp_path: Path, target: str, reason: str
) -> None:
    install(tmp_path, "fake-good", GOOD.replace("fake_good:Mine", target))
    entry = load_plugins().find("method", "mine")
    with pytest.raises(PluginError, match=reason) as caught:
        entry.load()
    assert "fake-good 1.2" in str(caught.value)


def test_a_benchmark_is_a_file_in_the_package() -> None:
    file = load_plugins().find("benchmark", "digits").load()
    assert "digits" in file.read_text()


def test_a_benchmark_whose_file_is_missing(tmp_path: Path) -> None:
    source = GOOD.replace("register_methods", "register_benchmarks")
    install(tmp_path, "fake-good", source.replace("fake_good:Mine", "fake_good:gone.toml"))
    with pytest.raises(PluginError, match=r"fake-good 1\.2.*"):
        load_plugins().find("benchmark", "mine").load()


def test_the_allow_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "fake-good", GOOD)
    install(tmp_path, "fake-bad", BAD_PLUGINS["import"][0])
    monkeypatch.setenv("REGENE_BENCH_PLUGINS", "Fake_Good, first-party")
    host = load_plugins()
    assert host.broken == []
    assert names(host) >= FIRST_PARTY | {"mine"}
    monkeypatch.setenv("REGENE_BENCH_PLUGINS", "fake-good,nobody")
    host = load_plugins()
    assert names(host) == {"mine"}
    assert [b.name for b in host.broken] == ["nobody"]


def test_the_block_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "fake-good", GOOD)
    install(tmp_path, "fake-bad", BAD_PLUGINS["import"][0])
    monkeypatch.setenv("REGENE_BENCH_BLOCK_PLUGINS", "Fake_Bad,nobody")
    host = load_plugins()
    assert host.broken == []
    assert names(host) >= FIRST_PARTY | {"mine"}
    assert [(b.name, b.distribution) for b in host.blocked] == [
        ("plugin", "fake-bad"),
        ("nobody", ""),
    ]
    # who is allowed and blocked is blocked
    monkeypatch.setenv("REGENE_BENCH_BLOCK_PLUGINS", "plugin,fake-bad")
    monkeypatch.setenv("REGENE_BENCH_PLUGINS", "fake-good")
    host = load_plugins()
    assert names(host) == set()
    with pytest.raises(UsageError, match=r"REGENE_BENCH_BLOCK_PLUGINS are fake-bad, fake-good"):
        host.find("method", "mine")


def test_observers_are_told_and_their_exceptions_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    observer = (
        "from regene_bench.hookspecs import hookimpl\nseen = []\n@hookimpl\n"
        "def run_started(run):\n    seen.append(dict(run))\n    run.clear()\n"
        "    raise SystemExit('boom')\n"
    )
    install(tmp_path, "fake-one", observer)
    install(tmp_path, "fake-two", observer)
    host = load_plugins()
    with caplog.at_level(logging.ERROR):
        host.notify("run_started", run={"run_id": "x"})
    assert [sys.modules[f"fake_{n}"].seen for n in ("one", "two")] == [[{"run_id": "x"}]] * 2
    assert "fake-one" in caplog.text
    assert "boom" in caplog.text


def test_commands_of_plugins(tmp_path: Path) -> None:
    command = (
        "from regene_bench.hookspecs import hookimpl\n@hookimpl\ndef register_commands(cli):\n"
        "    cli.command('NAME')(lambda: print('hello'))\n"
    )
    install(tmp_path, "fake-one", command.replace("NAME", "hello"))
    install(tmp_path, "fake-two", command.replace("NAME", "half") + "    raise ValueError('no')\n")
    host = load_plugins()
    commands = {
        plugin.distribution: [command.name for command in app.registered_commands]
        for plugin in host.plugins
        if (app := host.commands_of(plugin)) is not None
        and not plugin.distribution.startswith("regene-bench")
    }
    assert commands == {"fake-one": ["hello"]}
    assert {b.distribution for b in host.broken} == {"fake-two"}
