"""What ``regene-bench new`` writes is built, installed, tested and run, as it is."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from regene_bench.scaffold import KINDS, PluginName, write_plugin
from tests.once import made_once
from tests.processes import environment, regene_bench, run, scores
from tests.warm import Program
from tests.wheels import NEEDS_HATCHLING, ROOT, build, install

pytestmark = [pytest.mark.slow, NEEDS_HATCHLING]
NAME = "my_own"


@dataclass(frozen=True)
class Installed:
    """A scaffold, installed beside our wheel.

    Attributes:
        kind: What it is.
        source: The folder that was written.
        variables: Environment of processes that see both wheels and nothing else of ours.
    """

    kind: str
    source: Path
    variables: dict[str, str]

    def python(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=cwd or self.source,
            env=self.variables,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )


def _begin_types(folder: Path) -> None:
    """One cache of types for all kinds: what they say of torch and of us is read once.

    It begins with what our own `make types` has read of other packages, if that was called here;
    mypy looks whether it is of the same files and options.
    """
    if (ROOT / ".mypy_cache").is_dir():
        shutil.copytree(ROOT / ".mypy_cache", folder, dirs_exist_ok=True)


@pytest.fixture(scope="module", params=KINDS)
def installed(
    request: pytest.FixtureRequest,
    our_site: Path,
    session_cache: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Installed:
    base = tmp_path_factory.mktemp(f"new {request.param}")
    source = write_plugin(request.param, PluginName(NAME), base)
    install(build(source, base / "wheel"), base / "site")
    types = made_once(tmp_path_factory, "types of plugins", _begin_types)
    variables = environment(session_cache, base / "site", our_site, MYPY_CACHE_DIR=str(types))
    return Installed(request.param, source, variables)


def test_it_passes_its_own_tests(installed: Installed) -> None:
    code = "import sys, pytest; sys.exit(pytest.main(sys.argv[1:]))"
    program = Program(("-q", "-p", "no:cacheprovider"), code)
    done = run(program, installed.source, installed.variables)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
    assert "failed" not in done.stdout


def test_it_passes_the_check(installed: Installed, tmp_path: Path) -> None:
    done = regene_bench(["check", NAME, "--kind", installed.kind], tmp_path, installed.variables)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 failed" in done.stdout


def test_its_types_are_right(installed: Installed) -> None:
    done = installed.python("-m", "mypy")
    assert done.returncode == 0, done.stdout


def test_it_runs_at_once(installed: Installed, light_protocol: Path, tmp_path: Path) -> None:
    arguments = {
        "method": ["run", str(light_protocol), "--methods", f"{NAME}[images=640]"],
        "metric": ["run", str(light_protocol), "--methods", "real", "--metrics", NAME],
        "extractor": [
            "run", str(light_protocol), "--methods", "real",
            "--metrics", f"fd[extractor={NAME}]",
        ],
        "dataset": ["run", NAME, "--methods", "real", "--metrics", "neutral"],
        "benchmark": ["run", NAME, "--methods", "real", "--metrics", "neutral"],
        "figure": ["study", NAME, "--preset", "quick"],
        "study": ["study", NAME, "--preset", "quick"],
        "reported": ["run", str(light_protocol), "--methods", "real"],
        "executor": ["run", str(light_protocol), "--methods", "real", "--executor", NAME],
        "observer": ["run", str(light_protocol), "--methods", "real"],
        "command": ["run", str(light_protocol), "--methods", "real"],
    }[installed.kind]  # fmt: skip
    done = regene_bench(arguments, tmp_path, installed.variables)
    assert done.returncode == 0, done.stderr
    _leaves_what_it_is_for(installed, tmp_path)
    found = scores(tmp_path / "results")
    assert any(status == "ok" for status, _, _ in found.values())
    assert not any(status == "failed" for status, _, _ in found.values())


def _leaves_what_it_is_for(installed: Installed, folder: Path) -> None:
    """Look at what the run of a figure, an observer or a command leaves or shows."""
    results = folder / "results"
    if installed.kind == "figure":
        assert (results / "studies" / NAME / "quick" / f"{NAME}-digits.png").is_file()
    elif installed.kind == "observer":
        assert "real on light, seed 0: ok" in (results / f"{NAME}.log").read_text()
    elif installed.kind == "command":
        done = regene_bench(["my-own", str(results)], folder, installed.variables)
        assert done.stdout.startswith("real "), done.stderr


def test_it_is_listed_as_what_it_is(installed: Installed, tmp_path: Path) -> None:
    kinds = {"study": "studies", "reported": "reported"}.get(installed.kind, f"{installed.kind}s")
    kinds = "plugins" if installed.kind in ("observer", "command") else kinds
    done = regene_bench(["list", kinds], tmp_path, installed.variables)
    assert any(NAME in line.split() for line in done.stdout.splitlines()), done.stdout
    assert "regene-bench-my-own" in done.stdout
