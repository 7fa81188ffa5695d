"""A site of leaderboards: what making it takes, and what a reader waits for.

    python benchmarks/speed/site.py               # 100,000 and 1,000,000 rows; a page of 200 runs
    python benchmarks/speed/site.py --rows 1e5 --against ../before

Making is `regene-bench publish site` in a process of its own: seconds of CPU and memory at its
peak. The page is one benchmark's with a sample grid a run, served to a browser that nothing else
asks anything of (Playwright and Chromium are needed): the bytes of what it loads until something is
painted, of all once every chart is drawn, and the same as a server compresses them.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import http.server
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.speed.leaderboard import synthetic
from benchmarks.speed.leaderboard import write as write_rows
from benchmarks.speed.leaderboard_load import HERE, Side, cost, synthetic_run
from regene_bench.leaderboard.merge import read_source
from regene_bench.leaderboard.parts import write_part
from regene_bench.plugins.host import load_plugins
from regene_bench.publish.site import publish_site

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DRAWN = "() => [...document.querySelectorAll('[data-chart]')].every((box) => box.dataset.drawn)"
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


@dataclass(frozen=True)
class Visit:
    """One look at a page in a browser without a cache.

    Attributes:
        painted: Milliseconds until something was seen.
        drawn: Milliseconds until every chart was drawn.
        early: Names of the files that were there at the first paint.
        files: Names of all files that were loaded.
    """

    painted: float
    drawn: float
    early: tuple[str, ...]
    files: tuple[str, ...]


def make_page(folder: Path, runs: int) -> Path:
    """Write runs of one benchmark with their sample grids, and a site of them."""
    pictures = load_digits().images / 16
    for number in range(runs):
        run = replace(synthetic_run(number), benchmark="digits")
        write_part(folder / "results", run)
        path = folder / "results" / "runs" / run.run_id / "samples.png"
        path.parent.mkdir(parents=True)
        drawn = np.random.default_rng(number).integers(len(pictures), size=(10, 10))
        grid = np.concatenate([np.concatenate(pictures[row], axis=1) for row in drawn])
        Image.fromarray((255 * grid).astype(np.uint8)).save(path)
    publish_site([read_source(folder / "results")], folder / "site", load_plugins())
    return folder / "site"


@contextmanager
def served(site: Path) -> Iterator[str]:
    """Serve a folder on this machine; gives its address."""
    handler = functools.partial(_Silent, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        return


def visits(site: Path, page: str, rounds: int) -> list[Visit]:
    """Look at a page some times, each in a fresh browser window."""
    from playwright.sync_api import sync_playwright

    browser_path = next(found for name in BROWSERS if (found := shutil.which(name)))
    with served(site) as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        made = [_visit(browser, f"{address}/{page}") for _ in range(rounds)]
        browser.close()
    return made


def _visit(browser: Any, address: str) -> Visit:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(address)
    page.wait_for_function(DRAWN)
    drawn = page.evaluate("performance.now()")
    painted = page.evaluate(PAINTED)
    loaded = page.evaluate(
        "performance.getEntriesByType('resource').map((e) => [e.name, e.responseEnd])"
    )
    context.close()
    base = address.rsplit("/", 2)[0] + "/"
    inside = [(name.removeprefix(base), end) for name, end in loaded if name.startswith(base)]
    own = address.removeprefix(base)
    early = (own, *(name for name, end in inside if end <= painted))
    return Visit(painted, drawn, early, (own, *(name for name, _ in inside)))


def sizes(site: Path, names: Sequence[str]) -> str:
    """Bytes of files, and compressed as a web server does."""
    contents = [(site / name).read_bytes() for name in set(names)]
    plain, packed = sum(map(len, contents)), sum(len(gzip.compress(each, 6)) for each in contents)
    return f"{plain / 1e3:>9.0f} kB{packed / 1e3:>9.0f} kB compressed"


def print_page(runs: int, rounds: int) -> None:
    """Print what a reader of a page of so many runs waits for."""
    with tempfile.TemporaryDirectory() as folder:
        site = make_page(Path(folder), runs)
        page = "digits-quick/index.html"
        seen = visits(site, page, rounds)
        print(f"a page of {runs} runs, medians of {rounds} visits")
        print(f"{'HTML':<24}{sizes(site, [page])}")
        print(f"{'until the first paint':<24}{sizes(site, seen[0].early)}", end="")
        print(f"{median(visit.painted for visit in seen):>8.0f} ms")
        print(f"{'with every chart':<24}{sizes(site, seen[0].files)}", end="")
        print(f"{median(visit.drawn for visit in seen):>8.0f} ms", flush=True)


def print_making(rows: int, against: Path | None, rounds: int) -> None:
    """Print what making a site of so many rows takes, checkouts in turn."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_rows(synthetic(rows), folder / "results", 100)
        sides = [Side("here", HERE, folder / "results", folder / "cache")]
        if against is not None:
            other = Side("before", against.resolve(), folder / "results", folder / "other cache")
            sides.insert(0, other)
        found: dict[str, list[tuple[float, float]]] = {side.name: [] for side in sides}
        for _ in range(rounds):
            for side in sides:
                out = folder / "site"
                shutil.rmtree(out, ignore_errors=True)
                used = cost(side, ("publish", "site", str(out), str(side.results)))
                found[side.name].append((used.seconds, used.megabytes))
        for name, each in found.items():
            seconds, megabytes = (median(column) for column in zip(*each, strict=True))
            first = median(seconds for seconds, _ in next(iter(found.values())))
            ratio = f"{seconds / first:>7.2f}×" if len(found) > 1 else ""
            print(f"publish site{rows:>12,} rows  {name:<8}{seconds:>8.2f} s", end="")
            print(f"{megabytes:>8.0f} MB{ratio}", flush=True)


def main() -> None:
    def number(text: str) -> int:
        return int(float(text))

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=number, nargs="*", default=[100_000, 1_000_000])
    parser.add_argument("--runs", type=number, default=200, help="of the page")
    parser.add_argument("--against", type=Path, help="another checkout; it takes turns")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.runs:
        print_page(arguments.runs, arguments.rounds)
    for rows in arguments.rows:
        print_making(rows, arguments.against, arguments.rounds)


if __name__ == "__main__":
    main()
