"""A distribution of somebody else, built and installed beside ours, and its broken variants."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.processes import environment, parts, regene_bench, scores
from tests.wheels import NEEDS_HATCHLING, ROOT, build, install

pytestmark = [pytest.mark.slow, NEEDS_HATCHLING]

PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "NAME"
version = "4.2"
dependencies = ["regene-bench"]

[project.entry-points.regene_bench]
NAME = "PACKAGE"

[tool.hatch.build.targets.wheel]
packages = ["PACKAGE"]
"""
HOOKS = """
from regene_bench.api import Register, hookimpl

@hookimpl
def register_methods(register: Register) -> None:
    register("moon", "PACKAGE.method:Moon", summary="bright discs")
"""
METHOD = """
import torch
from pydantic import Field
from regene_bench.api import BenchmarkData, Generation, Method, MethodConfig, Runtime, SampleRng

class MoonConfig(MethodConfig):
    radius: float = Field(default=2.0, gt=0)

class MoonModel:
    def __init__(self, radius, shape):
        rows = torch.arange(shape.height)[:, None] - shape.height / 2
        columns = torch.arange(shape.width) - shape.width / 2
        disc = (rows**2 + columns**2 < radius**2).float()
        self.disc = disc.expand(shape.channels, -1, -1)

    def generate(self, labels: torch.Tensor, rng: SampleRng) -> Generation:
        noise = rng.uniform(len(labels), tuple(self.disc.shape))
        return Generation(self.disc * noise)

class Moon(Method):
    Config = MoonConfig

    def fit(self, data: BenchmarkData, runtime: Runtime) -> MoonModel:
        return MoonModel(self.config.radius, data.shape)
"""
BROKEN = {
    "broken-import": "raise RuntimeError('no licence today')\n",
    "broken-hook": HOOKS.replace("register_methods", "register_metods"),
    "broken-name": HOOKS.replace('"moon"', '"cgan"'),
}
Cli = Callable[..., CompletedProcess[str]]


def write_project(folder: Path, name: str, hooks: str) -> Path:
    """Write a distribution whose package is its name with underscores."""
    package = name.replace("-", "_")
    source = folder / package
    source.mkdir(parents=True)
    text = PYPROJECT.replace("NAME", name).replace("PACKAGE", package)
    (folder / "pyproject.toml").write_text(text)
    (source / "__init__.py").write_text(hooks.replace("PACKAGE", package))
    (source / "method.py").write_text(METHOD)
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the third-party wheel installed."""
    base = tmp_path_factory.mktemp("third party")
    project = write_project(base / "source", "moon-generator", HOOKS)
    install(build(project, base / "wheel"), base / "site")
    return base / "site"


@pytest.fixture(scope="module")
def broken_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all broken distributions installed."""
    base = tmp_path_factory.mktemp("broken")
    for name, hooks in BROKEN.items():
        project = write_project(base / name, name, hooks)
        install(build(project, base / f"{name} wheel"), base / "site")
    return base / "site"


@pytest.fixture
def cli(our_site: Path, site: Path, session_cache: Path, tmp_path: Path) -> Cli:
    """Call ``regene-bench`` from the wheels, with more folders on the path if given."""

    def call(*arguments: str | Path, beside: tuple[Path, ...] = ()) -> CompletedProcess[str]:
        variables = environment(session_cache, our_site, site, *beside)
        return regene_bench([str(argument) for argument in arguments], tmp_path, variables)

    return call


def listed(done: CompletedProcess[str]) -> set[str]:
    """The first word of every line of a list."""
    assert done.returncode == 0, done.stderr
    return {line.split()[0] for line in done.stdout.splitlines() if line.strip()}


def test_our_wheel_has_protocols_and_types(our_wheel: Path) -> None:
    names = set(zipfile.ZipFile(our_wheel).namelist())
    sources = {path.name for path in (ROOT / "plugins").glob("*/protocols/*.toml")}
    assert "digits.toml" in sources
    assert {f"regene_bench_plugins/protocols/{name}" for name in sources} <= names
    assert {"regene_bench/py.typed", "regene_bench_plugins/py.typed"} <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any(name.startswith(("tests/", "docs/", ".ci/")) for name in names)


def test_our_wheel_works_when_it_is_first_on_the_path(
    cli: Cli, our_site: Path, session_cache: Path, tmp_path: Path
) -> None:
    code = (
        "import regene_bench, regene_bench_plugins as p; print(regene_bench.__file__, p.__file__)"
    )
    places = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment(session_cache, our_site),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert places.count(str(our_site)) == 2
    assert listed(cli("list", "benchmarks")) >= {"digits", "mnist", "cifar10", "celeba64"}


def test_a_third_party_method_is_listed_and_runs(
    cli: Cli, light_protocol: Path, tmp_path: Path
) -> None:
    assert listed(cli("list", "methods")) >= {"moon", "regene", "cgan", "real"}
    assert "moon-generator" in cli("list", "plugins").stdout
    assert "radius" in cli("info", "moon").stdout
    done = cli("run", light_protocol, "--methods", "moon[radius=2|3]")
    assert done.returncode == 0, done.stderr
    assert "moon" in done.stdout
    assert len(parts(tmp_path / "results")) == 2
    found = scores(tmp_path / "results")
    skipped = {key for key, row in found.items() if row[0] == "skipped"}
    assert all(row[0] == "ok" for key, row in found.items() if key not in skipped)
    assert all("trials" in str(key) for key in skipped), "it judges no candidates of its own"
    assert len(found) > len(skipped)


def test_its_parameters_are_validated_like_ours(cli: Cli, light_protocol: Path) -> None:
    done = cli("run", light_protocol, "--methods", "moon[radus=2]")
    assert done.returncode == 2
    assert "Did you mean 'radius'?" in done.stderr


def test_broken_distributions_break_nothing_else(
    cli: Cli, broken_site: Path, light_protocol: Path, tmp_path: Path
) -> None:
    names = listed(cli("list", "methods", beside=(broken_site,)))
    assert names >= {"moon", "regene", "real", "regene-bench:cgan", "broken-name:cgan"}
    methods = "moon,real,regene-bench:cgan[images=64,width=4,discriminator_width=4]"
    done = cli("run", light_protocol, "--methods", methods, beside=(broken_site,))
    assert done.returncode == 0, done.stderr
    assert len(parts(tmp_path / "results")) == 3


def test_an_ambiguous_name_is_refused_and_both_are_named(
    cli: Cli, broken_site: Path, light_protocol: Path
) -> None:
    done = cli("run", light_protocol, "--methods", "cgan", beside=(broken_site,))
    assert done.returncode == 2
    assert "'broken-name:cgan' or 'regene-bench:cgan'" in done.stderr


def test_doctor_names_the_broken_ones_and_why(cli: Cli, broken_site: Path) -> None:
    done = cli("doctor", beside=(broken_site,))
    assert done.returncode == 0
    lines = {line.split()[1]: line for line in done.stdout.splitlines() if "4.2" in line}
    assert lines["moon-generator"].split()[0] == "ok"
    assert lines["broken-import"].split()[0] == "BROKEN"
    assert "no licence today" in lines["broken-import"]
    assert lines["broken-hook"].split()[0] == "BROKEN"
    assert "Did you mean 'register_methods'?" in lines["broken-hook"]
    assert "broken-name" in lines
