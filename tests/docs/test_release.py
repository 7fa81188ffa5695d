"""One version, and one address, wherever the project names them."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
import yaml

from regene_bench.base.version import __version__
from tests.wheels import ROOT


@pytest.fixture(scope="module")
def citation() -> dict[str, Any]:
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    read: dict[str, Any] = yaml.safe_load(text)
    return read


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_build_reads_the_version_from_the_code(project: dict[str, Any]) -> None:
    assert "version" not in project["project"]
    assert project["project"]["dynamic"] == ["version"]
    file = ROOT / project["tool"]["hatch"]["version"]["path"]
    assert f'__version__ = "{__version__}"' in file.read_text(encoding="utf-8")


def test_whoever_cites_cites_this_version(citation: dict[str, Any]) -> None:
    assert citation["version"] == __version__


def test_the_changelog_dates_this_version_as_the_citation_does(citation: dict[str, Any]) -> None:
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = [line for line in changes.splitlines() if line.startswith("## ")]
    dated = [line for line in released if line != "## Unreleased"]
    assert dated[0] == f"## {__version__} — {citation['date-released']}"


def test_every_address_is_in_the_repository_that_is_cited(
    project: dict[str, Any], citation: dict[str, Any]
) -> None:
    home = citation["repository-code"]
    urls = project["project"]["urls"]
    assert urls["Homepage"] == home
    assert [url for url in urls.values() if url != home and not url.startswith(f"{home}/")] == []


def test_every_address_of_a_page_is_a_file_of_this_repository(project: dict[str, Any]) -> None:
    urls = project["project"]["urls"]
    pages = [url.partition("/blob/main/")[2] for url in urls.values() if "/blob/main/" in url]
    assert pages
    assert [page for page in pages if not (ROOT / page).is_file()] == []
