"""The site as files: whole, escaped, linked, and replaced as one."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from regene_bench.leaderboard.merge import Source, read_source
from regene_bench.leaderboard.parts import write_part
from regene_bench.leaderboard.schema import PLAIN_SCHEMA, SCHEMA
from regene_bench.plugins.host import load_plugins
from regene_bench.publish import board_views, line_views
from regene_bench.publish.site import publish_site
from tests.charts.test_agreement import runs as differing
from tests.leaderboard.helpers import record, score
from tests.publish.results import HOSTILE, add_picture, runs, write_results


class Tags(HTMLParser):
    """Collects tags with their attributes, ids and links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def values(self, *names: str) -> list[str]:
        found = (attributes.get(name) for _, attributes in self.tags for name in names)
        return [value for value in found if value is not None]


def html(site: Path) -> dict[Path, str]:
    return {path: path.read_text(encoding="utf-8") for path in sorted(site.rglob("*.html"))}


def test_pages(site: Path) -> None:
    names = {path.relative_to(site).as_posix() for path in html(site)}
    assert {"index.html", "digits-quick/index.html", "digits-quick/method-cgan.html"} <= names
    assert len([name for name in names if name.startswith("digits-quick/method-")]) == 3


def test_every_address_is_a_file_of_the_site_and_every_fragment_an_id(site: Path) -> None:
    pages = {path.resolve(): Tags(text) for path, text in html(site).items()}
    checked = 0
    for path, tags in pages.items():
        for address in tags.values("href", "src"):
            if address.startswith("data:"):
                continue
            name, _, fragment = address.partition("#")
            target = (path.parent / unquote(name)).resolve() if name else path
            assert target.is_file(), (path, address)
            assert target.is_relative_to(site.resolve())
            if fragment:
                assert unquote(fragment) in pages[target].values("id"), (path, address)
            checked += 1
    assert checked > len(pages)


def test_names_from_data_stay_text(site: Path) -> None:
    for path, text in html(site).items():
        tags = Tags(text).tags
        assert "<script>alert" not in text, path
        assert not any(name.startswith("on") for _, attributes in tags for name in attributes)
        assert "b" not in {tag for tag, _ in tags}
        scripts = [a for tag, a in tags if tag == "script"]
        assert all("src" in a or a.get("type") == "application/json" for a in scripts)
        images = [a["src"] or "" for tag, a in tags if tag == "img"]
        assert all(name.endswith((".png", ".webp")) for name in images)
    shown = (site / "digits-quick" / "index.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "&lt;img src=x onerror=alert(2)&gt;" in shown


def test_scores_that_are_not_there_are_explained(site: Path) -> None:
    shown = (site / "digits-quick" / "index.html").read_text(encoding="utf-8")
    assert shown.count("fid has no value in any line (unavailable: fetch &lt;weights&gt;)") == 1
    assert shown.count("fetch &lt;weights&gt;") == 1
    assert "No line has gen img/s, peak MB" in shown


def test_rows_can_be_downloaded(site: Path, results: Path) -> None:
    rows = read_source(results).table.num_rows
    for folder in (site / "downloads", site / "digits-quick"):
        table = pq.read_table(folder / "scores.parquet")
        assert table.schema.equals(PLAIN_SCHEMA)
        assert table.num_rows == rows
        content = (folder / "scores.csv").read_bytes()
        assert content.startswith(b"\xef\xbb\xbf")  # by which spreadsheets know UTF-8
        assert content.count(b"\n") == rows + 1  # a record a line
        assert pa_csv.read_csv(folder / "scores.csv").column_names == SCHEMA.names
        assert pa_csv.read_csv(folder / "scores.csv").num_rows == rows
    assert read_source(site / "downloads" / "scores.parquet").table.num_rows == rows


def test_rows_of_several_pages_lie_in_any_order(tmp_path: Path) -> None:
    for number in range(6):
        run = record(f"r{number}", benchmark=f"bench{number % 2}", scores=(score("fid", number),))
        write_part(tmp_path / "results", run)
    table = read_source(tmp_path / "results").table
    assert table["run_id"].to_pylist() == ["r0", "r2", "r4", "r1", "r3", "r5"]
    shuffled = Source(tmp_path, table.take([5, 0, 4, 1, 3, 2]))
    publish_site([shuffled], tmp_path / "site", load_plugins())
    found = {
        folder: pa_csv.read_csv(tmp_path / "site" / folder / "scores.csv")["run_id"].to_pylist()
        for folder in ("bench0-quick", "bench1-quick", "downloads")
    }
    assert found == {
        "bench0-quick": ["r0", "r2", "r4"],
        "bench1-quick": ["r5", "r3", "r1"],
        "downloads": ["r0", "r2", "r4", "r5", "r3", "r1"],
    }
    whole = pq.read_table(tmp_path / "site" / "downloads" / "scores.parquet")
    assert whole["run_id"].to_pylist() == found["downloads"]


def test_no_rows_make_a_site_too(tmp_path: Path, results: Path) -> None:
    nothing = Source(tmp_path, read_source(results).table.slice(0, 0))
    assert publish_site([nothing], tmp_path / "site", load_plugins()).pages == 1
    assert pa_csv.read_csv(tmp_path / "site" / "downloads" / "scores.csv").num_rows == 0


def test_pictures_stand_beside_the_numbers(site: Path) -> None:
    good = [run for run in runs() if run.status == "ok"]
    assert len(list((site / "digits-quick" / "samples").glob("*.png"))) == len(good)
    # a strip a line
    assert len(list((site / "digits-quick" / "samples").glob("*.webp"))) == 5
    shown = Tags((site / "digits-quick" / "index.html").read_text(encoding="utf-8"))
    images = [a for tag, a in shown.tags if tag == "img"]
    strips = [a for a in images if str(a["src"]).endswith(".webp")]
    assert len(strips) == len(images) - len(strips) == 5
    assert all(a["alt"] for a in images)
    assert all(a["width"] == "60" for a in images if a not in strips)


def test_reconstructions_stand_on_the_methods_page(tmp_path: Path) -> None:
    results = write_results(tmp_path / "results")
    run = next(run for run in runs() if run.status == "ok" and run.method == "cgan")
    add_picture(results, run.run_id, name="reconstructions.png")
    folder = _publish(tmp_path) / "digits-quick"
    (file,) = (folder / "reconstructions").iterdir()
    shown = Tags((folder / "method-cgan.html").read_text(encoding="utf-8"))
    (image,) = [a for tag, a in shown.tags if tag == "img" and "reconstructions/" in str(a["src"])]
    assert image["src"] == f"reconstructions/{file.name}"
    assert "their reconstructions by" in str(image["alt"])


def test_numbers_from_the_literature_stand_apart(tmp_path: Path) -> None:
    write_part(tmp_path / "results", record(benchmark="mnist"))
    out = _publish(tmp_path)
    text = (out / "mnist-quick" / "index.html").read_text(encoding="utf-8")
    before, _, after = text.partition('id="reported"')
    assert "Gopalakrishnan" in after
    assert "Gopalakrishnan" not in before
    assert "5166" in after


def test_boards_that_do_not_compare_stand_apart(tmp_path: Path) -> None:
    for version in (1, 2):
        write_part(tmp_path / "results", record(f"v{version}", protocol_version=version))
    text = (_publish(tmp_path) / "digits-quick" / "index.html").read_text(encoding="utf-8")
    assert text.count('class="sortable"') == 2
    assert text.index("protocol version 2") < text.index("protocol version 1")
    assert "do not compare" in text


def test_a_board_of_failures_says_so(tmp_path: Path) -> None:
    run = record(status="failed", error_type="MethodError", error_message="no room", scores=())
    write_part(tmp_path / "results", run)
    text = (_publish(tmp_path) / "digits-quick" / "index.html").read_text(encoding="utf-8")
    assert "No run has ended well yet" in text
    assert "MethodError: no room" in text
    assert 'class="sortable"' not in text
    assert "No line has" not in text


def test_of_hundreds_of_charts_a_page_has_the_first(tmp_path: Path) -> None:
    for width in range(10):
        for noise in (2, 4, 8):
            params = {"width": width, "noise_dim": noise}
            scores = (score("fid", noise), score("kid", noise))
            run = record(f"r{width}n{noise}", params=params, scores=scores)
            write_part(tmp_path / "results", run)
    text = (_publish(tmp_path) / "digits-quick" / "index.html").read_text(encoding="utf-8")
    assert text.count('class="chart-box"') == 24
    assert "There are 2 more" in text
    assert "regene-bench plot charts scores.parquet" in text


def test_a_page_says_whether_metrics_agree_and_where_they_do_not(tmp_path: Path) -> None:
    for run in differing("fd_efficientnet_lite0"):
        write_part(tmp_path / "results", run)
    site = _publish(tmp_path)
    text = (site / "digits-quick" / "index.html").read_text()
    assert "<figcaption>Do metrics agree?</figcaption>" in text
    assert (
        "<figcaption>How far other metrics rank as fd_efficientnet_lite0 does</figcaption>" in text
    )
    heading = "Pairs of lines on which fd_efficientnet_lite0 and another metric disagree (4)"
    table = text.partition(heading)[2]
    cells = "".join(f"<td>{c}</td>" for c in ("b", "c", "20.00", "30.00", "0.5000", "0.7000"))
    assert f'<th scope="row">recall</th>{cells}' in table.partition("</table>")[0]


def test_long_tables_and_many_lines_are_cut_into_pages(tmp_path: Path) -> None:
    count = line_views.LINES_A_PAGE + 2
    for i in range(count):
        write_part(tmp_path / "results", record(f"r{i}", params={"noise_dim": i}))
    out = _publish(tmp_path) / "digits-quick"
    first, second = (out / f"method-cgan{part}.html" for part in ("", ".2"))
    text = first.read_text(encoding="utf-8")
    assert text.count('class="line"') == line_views.LINES_A_PAGE
    assert 'href="method-cgan.2.html"' in text
    assert second.read_text(encoding="utf-8").count('class="line"') == 2
    pieces = board_views.chunks(list(range(5)), 2)  # type: ignore[arg-type]
    assert [len(piece) for piece in pieces] == [2, 2, 1]


def test_runs_that_contradict_each_other_are_told_and_left_out(tmp_path: Path) -> None:
    for name, value in (("a", 1.0), ("b", 2.0)):
        write_part(tmp_path / name, record("same", scores=(score("fid", value),)))
    write_part(tmp_path / "a", record("other", seed=1))
    report = publish_site(
        [read_source(tmp_path / name) for name in "ab"], tmp_path / "out", load_plugins()
    )
    assert [conflict.run_id for conflict in report.content.conflicts] == ["same"]
    text = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "contradict" in text
    assert "run same" in text
    assert "same" not in (tmp_path / "out" / "downloads" / "scores.csv").read_text()


def test_no_page_speaks_of_a_foreign_host(site: Path) -> None:
    for text in html(site).values():
        assert re.findall(r"(?:https?:)?//[\w.-]+", text) == []


def test_a_method_of_two_distributions_has_two_pages(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_part(tmp_path / "results", record(name, distribution=name))
    names = {path.name for path in (_publish(tmp_path) / "digits-quick").glob("method-*.html")}
    assert len(names) == 2


def test_the_same_results_make_the_same_names(tmp_path: Path, site: Path, results: Path) -> None:
    publish_site([read_source(results)], tmp_path / "out", load_plugins())
    here = {path.relative_to(tmp_path / "out") for path in (tmp_path / "out").rglob("*")}
    assert here == {path.relative_to(site) for path in site.rglob("*")}
    assert not any(HOSTILE in str(path) for path in here)


def _publish(folder: Path) -> Path:
    publish_site([read_source(folder / "results")], folder / "out", load_plugins())
    return folder / "out"


@pytest.mark.parametrize("kept", [True, False])
def test_a_site_is_replaced_as_a_whole_and_nothing_else_is(tmp_path: Path, kept: bool) -> None:
    from regene_bench.base.errors import UsageError
    from regene_bench.publish.folder import MARKER, replaced_folder

    out = tmp_path / "out"
    with replaced_folder(out) as folder:
        (folder / "old.html").write_text("old")
    if kept:
        with replaced_folder(out) as folder:
            (folder / "new.html").write_text("new")
        assert {path.name for path in out.iterdir()} == {"new.html", MARKER}
    else:
        (out / MARKER).unlink()
        with pytest.raises(UsageError, match="did not make it"), replaced_folder(out):
            pass
        assert (out / "old.html").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_error_leaves_the_old_site(tmp_path: Path) -> None:
    from regene_bench.publish.folder import replaced_folder

    out = tmp_path / "out"
    with replaced_folder(out) as folder:
        (folder / "old.html").write_text("old")

    def fail() -> None:
        with replaced_folder(out) as folder:
            (folder / "new.html").write_text("new")
            raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        fail()
    assert (out / "old.html").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
