"""A method in a file is known by what stands in it, not by where it lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from regene_bench.base.errors import ConfigError, PluginError, UsageError
from regene_bench.plan.protocol import load_benchmark, parse_benchmark
from regene_bench.plan.runs import choose, identify
from regene_bench.plan.selection import parse_selections, parse_settings
from regene_bench.plugins.host import PluginHost, load_plugins
from regene_bench.plugins.method_files import find_method, names_a_file
from regene_bench.studies.definition import load_study
from regene_bench.training.method import Method

SOURCE = '''
from __future__ import annotations
from pydantic import Field
from regene_bench.api import Method, MethodConfig

class Config(MethodConfig):
    depth: int = Field(default=3, ge=1)

class Mine(Method):
    """Mine."""
    Config = Config
    def fit(self, data, runtime):
        return object()

class Other:
    pass
'''


@pytest.fixture(scope="module")
def host() -> PluginHost:
    return load_plugins()


@pytest.fixture
def idea(tmp_path: Path) -> Path:
    path = tmp_path / "my idea.py"
    path.write_text(SOURCE)
    return path


def run_id(host: PluginHost, asked: str, *settings: str) -> str:
    benchmark = load_benchmark(host, "digits")
    tables = parse_settings(settings)
    choices = choose(host, benchmark, parse_selections(asked), [0], "quick", tables)
    (run,) = identify(choices, benchmark, "quick", "data")
    return run.run_id


def test_a_file_is_found_and_its_class_is_a_method(host: PluginHost, idea: Path) -> None:
    entry = find_method(host, f"{idea}:Mine")
    loaded = entry.load()
    assert issubclass(loaded, Method)
    assert (entry.name, entry.kind, loaded.__name__) == ("Mine", "method", "Mine")
    assert entry.load() is loaded


def test_the_same_source_has_the_same_identity_wherever_it_lies(
    host: PluginHost, idea: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.py"
    copy.write_bytes(idea.read_bytes())
    assert run_id(host, f"{idea}:Mine") == run_id(host, f"{copy}:Mine")


def test_another_source_has_another_identity(host: PluginHost, idea: Path) -> None:
    before, loaded = run_id(host, f"{idea}:Mine"), find_method(host, f"{idea}:Mine").load()
    idea.write_text(SOURCE + "\n# thought over\n")
    entry = find_method(host, f"{idea}:Mine")
    assert run_id(host, f"{idea}:Mine") != before
    assert entry.load() is not loaded
    assert entry.distribution.startswith("file:")


def test_parameters_are_set_as_of_any_method(host: PluginHost, idea: Path) -> None:
    asked = run_id(host, f"{idea}:Mine[depth=5]")
    assert asked == run_id(host, f"{idea}:Mine", f"{idea}:Mine.depth=5")
    assert asked != run_id(host, f"{idea}:Mine")
    with pytest.raises(ConfigError, match="depht"):
        run_id(host, f"{idea}:Mine[depht=5]")


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("Mien", "Did you mean 'Mine'"),
        ("Other", "not a subclass of regene_bench.api.Method"),
    ],
)
def test_a_class_that_is_none_is_named(host: PluginHost, idea: Path, name: str, word: str) -> None:
    with pytest.raises(PluginError, match=word):
        find_method(host, f"{idea}:{name}").load()


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("def (:", "SyntaxError"),
        ("raise SystemExit(3)", "SystemExit"),
        ("import nowhere_to_be_found", "ModuleNotFoundError"),
        ("import helpers", "'helpers' from beside it"),
        ("from helpers.more import one", "'helpers' from beside it"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(
    host: PluginHost, tmp_path: Path, source: str, word: str
) -> None:
    (tmp_path / "helpers.py").write_text("one = 1")
    (tmp_path / "bad.py").write_text(source)
    with pytest.raises(PluginError, match=word):
        find_method(host, f"{tmp_path}/bad.py:Mine").load()


def test_a_file_without_a_class_and_a_file_that_is_not_there(
    host: PluginHost, idea: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="behind a colon"):
        find_method(host, str(idea))
    with pytest.raises(UsageError, match="No such file"):
        find_method(host, f"{tmp_path}/gone.py:Mine")


def test_registered_names_are_no_files() -> None:
    assert names_a_file("a/b.py:Mine")
    assert not any(names_a_file(name) for name in ("cgan", "dist:cgan", "my.python:cgan", "x.py:"))


def test_neither_protocol_nor_study_can_have_a_file_executed(
    host: PluginHost, idea: Path, light_protocol: Path, tmp_path: Path
) -> None:
    text = light_protocol.read_text().replace('"real"', f'"{idea}:Mine"')
    with pytest.raises(ConfigError, match="with --methods only"):
        parse_benchmark(text, "mine.toml")
    study = tmp_path / "study.toml"
    study.write_text(
        'name = "s"\nversion = 1\ntitle = "t"\nsource = "s"\nbenchmarks = ["digits"]\n'
        f'methods = "real,{idea}:Mine"\n[[figures]]\nkind = "score_table"\n'
    )
    with pytest.raises(ConfigError, match="with --methods only"):
        load_study(host, str(study))
