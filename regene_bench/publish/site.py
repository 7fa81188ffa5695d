"""A static site from leaderboards: plain files that any web server, or none, can show."""

from __future__ import annotations

import importlib.resources
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from regene_bench.base.version import __version__
from regene_bench.charts.draw import CONFIG
from regene_bench.charts.page_library import page_library
from regene_bench.leaderboard.merge import Source
from regene_bench.plugins.host import PluginHost
from regene_bench.publish.board_page import BoardPage, make_board_page
from regene_bench.publish.board_views import chunks
from regene_bench.publish.content import Content, collect, collect_page
from regene_bench.publish.downloads import Downloads
from regene_bench.publish.folder import replaced_folder
from regene_bench.publish.judges import judging_files
from regene_bench.publish.method_page import make_method_pages
from regene_bench.publish.pictures import Picture, picture_name, write_strip

# an escaped sign such as &lt; has none of these in it
_ENDS_OF_PARTS = re.compile(r"([_,:/])")
_ASSETS = ("site.css", "theme.js", "tables.js", "charts.js", "icon.svg")


@dataclass(frozen=True)
class SiteReport:
    """What was published, for the caller to tell.

    Attributes:
        out: The folder.
        pages: Number of HTML files.
        content: What it was made from.
    """

    out: Path
    pages: int
    content: Content


def publish_site(
    sources: Sequence[Source],
    out: Path,
    host: PluginHost,
    title: str = "Leaderboards",
    *,
    safe_cells: bool = True,
) -> SiteReport:
    """Write a site into a folder, which is replaced as a whole.

    Args:
        sources: Leaderboards; runs that stand in several of them are shown once.
        out: The folder; only one that an earlier call made is replaced.
        host: Knows protocols, methods and reported numbers that are installed.
        title: Heading of the first page.
        safe_cells: Of the CSV files, have no cell that a spreadsheet takes for a formula.

    Raises:
        UsageError: ``out`` holds something else.
        ResultsError: The folder cannot be written.
    """
    content = collect(sources, host)
    with replaced_folder(out) as folder:
        site = _Site(folder, title, Downloads(content.table, safe_cells=safe_cells))
        site.write_assets()
        pages = [_write_page(site, content, key, host) for key in content.pages()]
        shown = sorted(pages, key=lambda page: content.stretches[page.key])
        site.downloads.write_all(folder / "downloads", [folder / page.folder for page in shown])
        judges = judging_files(sources, content.table)
        site.write_files(judges)
        values = {"pages": pages, "content": content, "judges": sorted(judges), "root": ""}
        site.write("index.html", "index.html.j2", **values)
        count = sum(1 for _ in folder.rglob("*.html"))
    return SiteReport(out, count, content)


class _Site:
    """Writes templates into a folder."""

    def __init__(self, folder: Path, title: str, downloads: Downloads) -> None:
        self.folder = folder
        self.downloads = downloads
        self._environment = jinja2.Environment(
            loader=jinja2.PackageLoader("regene_bench.publish"),
            # names in results are anybody's text
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["breakable"] = breakable
        self._environment.globals |= {
            "site_title": title,
            "version": __version__,
            "made": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
            "chart_config": CONFIG,
        }

    def write(self, name: str, template: str, **values: Any) -> None:
        """Write one page."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = self._environment.get_template(template).render(**values)
        path.write_text(text, encoding="utf-8")

    def write_files(self, files: Mapping[str, bytes]) -> None:
        """Write files that are there already."""
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def write_assets(self) -> None:
        """Write styles and scripts; pages ask for nothing else."""
        folder = self.folder / "assets"
        folder.mkdir()
        own = importlib.resources.files("regene_bench.publish") / "assets"
        for name in _ASSETS:
            (folder / name).write_bytes((own / name).read_bytes())
        (folder / "vega.js").write_bytes(page_library())


def breakable(text: str) -> Markup:
    """Escape a name, and let it break where its parts end rather than anywhere."""
    return Markup(_ENDS_OF_PARTS.sub(r"\1<wbr>", str(escape(text))))


def _write_page(site: _Site, content: Content, key: tuple[str, str], host: PluginHost) -> BoardPage:
    own = collect_page(content, key)
    page = make_board_page(own)
    tables = [chunks(view.table.rows) for view in page.boards]
    for number in range(max(len(pieces) for pieces in tables)):
        rows = [pieces[number] if number < len(pieces) else [] for pieces in tables]
        site.write(
            f"{page.folder}/{page.file(number)}",
            "board.html.j2",
            page=page,
            rows=rows,
            number=number,
            total=max(len(pieces) for pieces in tables),
            root="../",
        )
    for method in make_method_pages(own, page, host):
        site.write(
            f"{page.folder}/{method.file}", "method.html.j2", page=page, method=method, root="../"
        )
    _copy_pictures(site.folder / page.folder / "samples", own.pictures, page)
    _copy_pictures(site.folder / page.folder / "reconstructions", own.reconstructions, page)
    _write_strips(site.folder / page.folder / "samples", page)
    site.downloads.write(site.folder / page.folder, *content.stretches[page.key])
    return page


def _write_strips(folder: Path, page: BoardPage) -> None:
    for view in page.boards:
        for row in view.table.rows:
            if row.sample is not None:
                write_strip(row.sample.picture, folder / row.sample.strip)


def _copy_pictures(folder: Path, pictures: Mapping[str, Picture], page: BoardPage) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for run in page.run_ids:
        picture = pictures.get(run)
        if picture is not None:
            shutil.copyfile(picture.path, folder / picture_name(run))
