"""One site for all tests that only look at it, and a browser where one is installed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from regene_bench.leaderboard.merge import read_source
from regene_bench.plugins.host import load_plugins
from regene_bench.publish.site import publish_site
from tests.publish.results import write_results

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_results(tmp_path_factory.mktemp("published") / "results")


@pytest.fixture(scope="session")
def site(results: Path) -> Path:
    """A site made from ``results``."""
    out = results.parent / "site"
    publish_site([read_source(results)], out, load_plugins(), "Test boards")
    return out


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium, headless."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = os.environ.get("REGENE_BENCH_TEST_BROWSER") or next(
        (found for name in _BROWSERS if (found := shutil.which(name))), None
    )
    if path is None:
        pytest.skip("no browser: install Debian's package `chromium`")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=path, args=_QUIET)
        yield running
        running.close()
