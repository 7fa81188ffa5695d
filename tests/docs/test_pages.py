"""The manual can be followed: every command runs, every link leads somewhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.processes import environment
from tests.warm import site_of
from tests.wheels import NEEDS_HATCHLING, ROOT

from .commands import LANGUAGES, blocks_of, run_page

DOCS = ROOT / "docs"
PIP = {
    "PIP_NO_INDEX": "1",
    # a scaffold requires us, as a test of its own says, and each plugin's requirement is looked at
    # when it is loaded; pip would look through all that we require as well, at every page
    "PIP_NO_DEPS": "1",
    "PIP_NO_BUILD_ISOLATION": "0",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
}
PAGES = sorted(DOCS.rglob("*.md"))
FOLLOWED = [
    page for page in PAGES if any(b.commands or b.language == "python" for b in blocks_of(page))
]


def name_of(page: Path) -> str:
    return str(page.relative_to(DOCS))


@pytest.fixture(scope="session")
def readers_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with an editable install of this project.

    It sees the packages of the environment that the tests run in, so that nothing is downloaded.
    """
    folder = tmp_path_factory.mktemp("readers") / "venv"
    # pip is that of the environment outside: to install one takes longer than all it installs
    make = [sys.executable, "-m", "venv", "--without-pip", str(folder)]
    subprocess.run(make, check=True, timeout=300)
    python, pip = folder / "bin" / "python", folder / "bin" / "pip"
    (Path(site_of(folder)) / "outside.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip.write_text(f'#!/bin/sh\nexec "{python}" -m pip "$@"\n')
    pip.chmod(0o755)
    install = [str(pip), "install", "--quiet", "--no-deps", "-e", str(ROOT)]
    subprocess.run(install, env={**os.environ, **PIP}, check=True, timeout=300)
    return folder


@pytest.fixture
def reader(readers_environment: Path, session_cache: Path) -> Iterator[Mapping[str, str]]:
    """Variables of a reader who follows one page; what the page installs is gone afterwards."""
    folder, site = readers_environment, Path(site_of(readers_environment))
    before = set(site.iterdir())
    yield {
        **environment(session_cache),
        **PIP,
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "VIRTUAL_ENV": str(folder),
        "REGENE_BENCH_OFFLINE": "1",
    }
    for path in set(site.iterdir()) - before:
        shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.fixture(scope="session")
def readers_results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of one reader of all pages, who does not train again what is trained already."""
    return tmp_path_factory.mktemp("results of readers")


@pytest.mark.slow
@NEEDS_HATCHLING
@pytest.mark.parametrize("page", FOLLOWED, ids=name_of)
def test_every_command_of_a_page_works(
    page: Path,
    reader: Mapping[str, str],
    readers_environment: Path,
    readers_results: Path,
    tmp_path: Path,
) -> None:
    (tmp_path / "results").symlink_to(readers_results)
    ran = list(run_page(page, tmp_path, reader, readers_environment))
    assert ran


def test_the_tutorial_takes_at_most_ten_commands() -> None:
    blocks = [block for block in blocks_of(DOCS / "tutorial.md") if not block.skipped]
    commands = [command for block in blocks for command in block.commands]
    assert any(command.startswith("regene-bench publish") for command in commands)
    assert len(commands) <= 10


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_is_of_a_kind_that_is_run_or_plainly_text(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert len(re.findall(r"^```\w", text, re.MULTILINE)) == len(blocks_of(page))
    assert {block.language for block in blocks_of(page)} <= LANGUAGES


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_only_the_installation_is_left_out() -> None:
    skipped = [(name_of(page), b) for page in PAGES for b in blocks_of(page) if b.skipped]
    assert [name for name, _ in skipped] == ["tutorial.md"]


@pytest.mark.slow
@pytest.mark.skipif(find_spec("mkdocs") is None, reason="mkdocs is not installed: NOT built")
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "tutorial" / "index.html").is_file()
