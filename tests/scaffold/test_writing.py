"""A scaffold is a whole distribution, written entirely or not at all."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from regene_bench.base.errors import ResultsError, UsageError
from regene_bench.base.version import __version__
from regene_bench.scaffold import KINDS, PluginName, write_plugin


@pytest.mark.parametrize("kind", KINDS)
def test_a_distribution_has_all_it_needs(kind: str, tmp_path: Path) -> None:
    folder = write_plugin(kind, PluginName("my_thing"), tmp_path)
    assert folder == tmp_path / "my_thing"
    package = folder / "src" / "regene_bench_my_thing"
    for path in (
        folder / "README.md",
        folder / "tests" / "test_my_thing.py",
        package / "__init__.py",
        package / "py.typed",
    ):
        assert path.is_file(), path
    project = tomllib.loads((folder / "pyproject.toml").read_text())
    assert project["project"]["name"] == "regene-bench-my-thing"
    # nothing but us, which whoever has a plugin has installed
    (required,) = map(Requirement, project["project"]["dependencies"])
    assert required.name == "regene-bench"
    assert __version__ in required.specifier
    points = project["project"]["entry-points"]["regene_bench"]
    assert points == {"my_thing": "regene_bench_my_thing"}


@pytest.mark.parametrize("kind", KINDS)
def test_the_code_parses_and_is_formatted(kind: str, tmp_path: Path) -> None:
    folder = write_plugin(kind, PluginName("my_thing"), tmp_path)
    for path in folder.rglob("*.py"):
        ast.parse(path.read_text())
    for path in folder.rglob("*.toml"):
        tomllib.loads(path.read_text())
    for command in (["check"], ["format", "--check", "--diff"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "."],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_no_placeholder_is_left(kind: str, tmp_path: Path) -> None:
    folder = write_plugin(kind, PluginName("my_thing"), tmp_path)
    for path in folder.rglob("*"):
        if path.is_file():
            assert "${" not in path.read_text()
            assert "$name" not in path.read_text()
            assert "NAME" not in path.name


WRONG = ("", "1st", "My", "my__x", "_x", "x_", "a/b", "../x", "class", "é", "a b", "a" * 41)


@pytest.mark.parametrize("text", [*WRONG, "regene_bench_x"])
def test_names_that_cannot_be_a_package_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name"):
        PluginName.parse(text)


def test_one_name_gives_all_others() -> None:
    name = PluginName.parse("my-method2")
    assert name.name == "my_method2"
    assert name.package == "regene_bench_my_method2"
    assert name.distribution == "regene-bench-my-method2"
    assert name.class_name("metric") == "MyMethod2Metric"
    assert PluginName("my_method").class_name("method") == "MyMethod"
    assert PluginName("method").class_name("method") == "MethodMethod"


@pytest.mark.parametrize("what", ["file", "folder", "link"])
def test_nothing_is_overwritten(what: str, tmp_path: Path) -> None:
    target = tmp_path / "mine"
    if what == "file":
        target.write_text("dear")
    elif what == "folder":
        target.mkdir()
    else:
        target.symlink_to(tmp_path / "nowhere")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UsageError, match="there already"):
        write_plugin("method", PluginName("mine"), tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultsError, match="file/mine"):
        write_plugin("method", PluginName("mine"), tmp_path / "file")


def test_a_write_that_fails_half_way_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = Path.write_text

    def full(path: Path, text: str, encoding: str = "utf-8") -> int:
        if path.name == "method.py":
            raise OSError(28, "No space left on device")
        return written(path, text, encoding=encoding)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(ResultsError, match="No space left"):
        write_plugin("method", PluginName("mine"), tmp_path)
    assert list(tmp_path.iterdir()) == []
