"""The pages in a real browser: what a reader sees, does, and is not done to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from regene_bench.leaderboard.merge import read_source
from regene_bench.leaderboard.parts import write_part
from regene_bench.plugins.host import load_plugins
from regene_bench.publish.site import publish_site
from tests.charts.test_agreement import runs as differing
from tests.leaderboard.helpers import record
from tests.publish.results import HOSTILE, SWEEP

BOARD = "digits-quick/index.html"
LINES = "(count) => document.querySelectorAll('.sortable tbody tr').length === count"


class Watched:
    """A page together with all that it asked for and complained of."""

    def __init__(self, page: Any, site: Path) -> None:
        self.page = page
        self.site = site.absolute().as_uri()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog {dialog.message}"))
        page.on(
            "console",
            lambda message: (
                self.complaints.append(message.text)
                if message.type in ("error", "warning")
                else None
            ),
        )

    def open(self, name: str) -> Any:
        self.page.goto(f"{self.site}/{name}")
        return self.page

    @property
    def strangers(self) -> list[str]:
        """Requests that left the site."""
        return [url for url in self.requests if not url.startswith((self.site, "data:", "blob:"))]


@pytest.fixture(params=["desktop", "phone"])
def watched(browser: Any, site: Path, request: pytest.FixtureRequest) -> Iterator[Watched]:
    size = {"desktop": (1280, 900), "phone": (390, 844)}[request.param]
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    yield Watched(context.new_page(), site)
    context.close()


def labels(page: Any) -> list[str]:
    return page.locator(".sortable tbody th[scope=row]").all_inner_texts()  # type: ignore[no-any-return]


def draw_all(page: Any) -> None:
    """Wait until all charts are drawn, those below the screen as well: no one scrolls a print."""
    page.wait_for_function(
        "() => [...document.querySelectorAll('[data-chart]')].every((x) => x.dataset.drawn)"
    )


def pages_of(site: Path) -> list[str]:
    return sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))


def test_no_page_complains_or_asks_for_anything_outside(watched: Watched, site: Path) -> None:
    for name in pages_of(site):
        draw_all(watched.open(name))
    assert watched.complaints == []
    assert watched.strangers == []
    assert watched.requests


def test_every_page_fits_the_screen(watched: Watched, site: Path) -> None:
    for name in pages_of(site):
        page = watched.open(name)
        draw_all(page)
        width = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert width <= 0, name


def test_a_click_on_a_heading_sorts_and_another_turns_the_order(watched: Watched) -> None:
    page = watched.open(BOARD)
    heading = page.locator(".sortable thead th", has_text="fd_efficientnet_lite0")
    heading.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    rising = labels(page)
    assert rising[0] == "cgan[noise_dim=32]" or rising[0] == "real"
    assert rising.index("cgan[noise_dim=32]") < rising.index("cgan[noise_dim=2]")
    heading.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") == "descending"
    assert labels(page) == rising[::-1]


def test_headings_sort_by_keyboard(watched: Watched) -> None:
    page = watched.open(BOARD)
    heading = page.locator(".sortable thead th", has_text="method")
    heading.get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert heading.get_attribute("aria-sort") == "ascending"
    assert labels(page) == [HOSTILE, *(f"cgan[noise_dim={value}]" for value in SWEEP), "real"]


def test_what_has_no_value_stands_last_either_way(watched: Watched) -> None:
    page = watched.open(BOARD)
    button = page.locator(".sortable thead th", has_text="rank").get_by_role("button")
    for _ in range(2):
        button.click()
        assert labels(page)[-1] == "real"


def test_words_and_a_method_filter(watched: Watched) -> None:
    page = watched.open(BOARD)
    page.get_by_label("Filter").fill("noise_dim=8")
    assert labels(page) == ["cgan[noise_dim=8]"]
    assert "1 of" in page.locator(".status").inner_text()
    page.get_by_label("Filter").fill("")
    page.locator(".controls select").select_option("cgan")
    assert len(labels(page)) == len(SWEEP)
    page.get_by_label("Filter").fill("nothing like it")
    assert labels(page) == []


def test_costs_can_be_put_away(watched: Watched) -> None:
    page = watched.open(BOARD)
    cost = page.locator(".sortable thead th", has_text="fit s")
    assert cost.is_visible()
    page.get_by_label("costs").uncheck()
    assert not cost.is_visible()


def test_a_hostile_name_is_text(watched: Watched) -> None:
    page = watched.open(BOARD)
    page.get_by_role("link", name=HOSTILE).first.click()
    page.wait_for_load_state()
    assert page.locator("h1").inner_text().startswith(HOSTILE)
    assert page.locator("dd", has_text="</script><b>x").count() == 1
    assert watched.complaints == []


def test_every_link_leads_somewhere(watched: Watched, site: Path) -> None:
    for name in pages_of(site):
        page = watched.open(name)
        missing = page.evaluate(
            """() => [...document.links].map((a) => new URL(a.href))
            .filter((u) => u.pathname === location.pathname && u.hash
                && !document.getElementById(decodeURIComponent(u.hash.slice(1))))
            .map(String)"""
        )
        assert missing == [], name


def test_a_run_opens_with_its_command(watched: Watched) -> None:
    page = watched.open("digits-quick/method-cgan.html#run-cgan8s1")
    command = page.locator("#run-cgan8s1 code").first
    assert command.is_visible()
    assert "--set cgan.noise_dim=8" in command.inner_text()
    assert "--seeds 1," in command.inner_text()


def test_a_line_is_folded_until_it_is_asked_for(watched: Watched) -> None:
    page = watched.open("digits-quick/method-cgan.html")
    scores = page.get_by_role("region", name="Scores of cgan[noise_dim=8]", exact=True)
    assert not scores.is_visible()
    page.locator("table.lines").get_by_role("link", name="cgan[noise_dim=8]").click()
    scores.wait_for(state="visible")


def test_without_javascript_all_is_there(browser: Any, site: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.absolute().as_uri()}/{BOARD}")
    assert len(labels(page)) == len(SWEEP) + 2
    assert not page.locator(".controls").is_visible()
    assert page.locator(".chart noscript").first.is_visible()
    page.locator("summary", has_text="Description and data").first.click()
    assert page.locator("figure tbody tr").first.is_visible()
    context.close()


def test_a_chart_that_cannot_be_drawn_does_not_stop_the_others(watched: Watched) -> None:
    watched.page.add_init_script(
        """addEventListener("DOMContentLoaded", () => {
            const [first] = document.querySelectorAll(".chart-box script");
            first.textContent = '{"mark": "nothing"}';
        });"""
    )
    page = watched.open(BOARD)
    draw_all(page)
    boxes = page.locator("[data-chart]").all()
    assert "cannot be drawn" in boxes[0].inner_text()
    assert all(box.locator("svg").count() for box in boxes[1:])


NONSENSE = [
    "#board-1?filter=%zz&sort=nothing:down&without=nothing",
    "#board-1?method=nobody&sort=rank:sideways&__proto__=1",
    "#%E0%A4%A",
    "#board-1?filter=",
    "#board-9?filter=x",
    "#<b>",
]


def test_an_address_that_means_nothing_is_passed_over(watched: Watched) -> None:
    for text in NONSENSE:
        page = watched.open(BOARD + text)
        page.get_by_label("Filter").fill("")
        assert len(labels(page)) == len(SWEEP) + 2, text
        page.goto("about:blank")
    assert watched.complaints == []


def test_an_address_changed_by_hand_is_followed(watched: Watched) -> None:
    page = watched.open(BOARD)
    page.evaluate("location.hash = '#board-1?filter=noise_dim%3D8'")
    page.wait_for_function("document.querySelectorAll('.sortable tbody tr').length === 1")
    page.get_by_label("Filter").fill("100%41?&#")
    again = page.context.new_page()
    again.goto(page.url)
    assert again.get_by_label("Filter").input_value() == "100%41?&#"


def test_dark_and_light(watched: Watched) -> None:
    page = watched.open(BOARD)

    def paper() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    page.emulate_media(color_scheme="light")
    light = paper()
    page.emulate_media(color_scheme="dark")
    dark = paper()
    assert dark != light
    switch = page.get_by_role("button", name="Theme")
    switch.click()
    assert paper() == light
    page.reload()
    assert paper() == light
    switch.click()
    assert paper() == dark


def test_charts_have_texts_and_tables(watched: Watched) -> None:
    page = watched.open(BOARD)
    draw_all(page)
    for figure in page.locator("figure.chart-box").all():
        assert figure.locator("figcaption").inner_text()
        assert figure.locator("svg").count() >= 1
        figure.locator("details summary", has_text="Description and data").click()
        assert figure.locator("tbody tr").count() >= len(SWEEP)


@pytest.mark.parametrize("width", [1280, 390])
def test_agreement_of_metrics_is_drawn_and_its_pairs_can_be_read(
    browser: Any, tmp_path: Path, width: int
) -> None:
    for run in differing("fd_efficientnet_lite0"):
        write_part(tmp_path / "results", run)
    publish_site([read_source(tmp_path / "results")], tmp_path / "site", load_plugins())
    context = browser.new_context(viewport={"width": width, "height": 900})
    watched = Watched(context.new_page(), tmp_path / "site")
    page = watched.open(BOARD)
    draw_all(page)
    drawn = page.locator("[data-chart]").evaluate_all("(all) => all.map((x) => x.dataset.drawn)")
    assert set(drawn) == {"yes"}
    assert watched.complaints == []
    page.get_by_text("Pairs of lines on which").click()
    assert page.get_by_role("cell", name="30.00").first.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_the_first_click_shows_the_best(watched: Watched) -> None:
    page = watched.open(BOARD)
    heading = page.locator(".sortable thead th", has_text="fit img/s")
    heading.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") == "descending"


def test_a_parameter_filters_by_its_whole_value(watched: Watched) -> None:
    page = watched.open(BOARD)
    page.get_by_label("Filter").fill("noise_dim=3")
    assert labels(page) == []
    page.get_by_label("Filter").fill("noise_dim=32")
    assert labels(page) == ["cgan[noise_dim=32]"]


def test_what_is_chosen_stands_in_the_address(watched: Watched) -> None:
    page = watched.open(BOARD)
    page.get_by_label("Filter").fill("cgan")
    page.locator(".choice summary").click()
    page.locator(".choice label", has_text="gen s").get_by_role("checkbox").uncheck()
    page.keyboard.press("Escape")
    heading = page.locator(".sortable thead th", has_text="fd_efficientnet_lite0")
    for _ in range(2):
        heading.get_by_role("button").click()
    shown = labels(page)
    assert shown[0] == "cgan[noise_dim=2]"
    other = page.context.new_page()
    other.goto(page.url)
    assert labels(other) == shown
    assert other.get_by_label("Filter").input_value() == "cgan"
    assert not other.locator(".sortable thead th", has_text="gen s").is_visible()
    assert other.locator(".sortable thead th", has_text="fit s").is_visible()


def test_back_takes_a_choice_back(watched: Watched) -> None:
    page = watched.open(BOARD)
    before, address = labels(page), page.url
    page.get_by_role("combobox", name="Method").select_option("cgan")
    heading = page.locator(".sortable thead th", has_text="fd_efficientnet_lite0")
    for _ in range(2):
        heading.get_by_role("button").click()
    chosen = labels(page)
    assert chosen != before
    for _ in range(3):
        page.go_back()
    assert page.url == address
    page.wait_for_function(
        f"document.querySelectorAll('.sortable tbody tr').length === {len(before)}"
    )
    assert labels(page) == before
    for _ in range(3):
        page.go_forward()
    page.wait_for_function(
        f"document.querySelectorAll('.sortable tbody tr').length === {len(chosen)}"
    )
    assert labels(page) == chosen


def test_back_takes_a_choice_back_in_either_of_two_tables(browser: Any, tmp_path: Path) -> None:
    for version in (1, 2):
        for method in ("cgan", "cvae"):
            run = record(f"{method}{version}", protocol_version=version, method=method)
            write_part(tmp_path / "results", run)
    publish_site([read_source(tmp_path / "results")], tmp_path / "site", load_plugins())
    page = browser.new_page()
    page.goto((tmp_path / "site" / BOARD).as_uri())
    tables = page.locator(".sortable")

    def counts() -> list[int]:
        return [tables.nth(number).locator("tbody tr").count() for number in (0, 1)]

    for number in (0, 1):
        tables.nth(number).get_by_label("Method").select_option("cgan")
    assert counts() == [1, 1]
    page.go_back()
    page.wait_for_function("document.querySelectorAll('.sortable tbody tr').length === 3")
    assert counts() == [1, 2]
    page.go_back()
    page.wait_for_function("document.querySelectorAll('.sortable tbody tr').length === 4")
    page.go_forward()
    page.go_forward()
    page.wait_for_function("document.querySelectorAll('.sortable tbody tr').length === 2")
    page.reload()
    assert counts() == [1, 1]
    page.close()


def test_back_leaves_the_page_whatever_was_typed(watched: Watched) -> None:
    watched.open("index.html")
    page = watched.open(BOARD)
    page.get_by_label("Filter").press_sequentially("cgan")
    page.go_back()
    assert page.url.endswith("/index.html")


def test_a_page_can_be_read_before_the_library_of_charts_has_come(watched: Watched) -> None:
    page = watched.page
    late: list[Any] = []
    page.route("**/vega.js", lambda route: late.append(route))
    watched.open(BOARD)
    page.get_by_label("Filter").fill("cgan")
    assert len(labels(page)) == len(SWEEP)
    assert not page.locator("figure.chart-box svg").count()
    late.pop().continue_()
    draw_all(page)
    assert watched.complaints == []


def test_the_ranking_score_is_on_the_first_screen(watched: Watched) -> None:
    page = watched.open(BOARD)
    box = page.locator(".sortable tbody td.best").first.bounding_box()
    size = page.viewport_size
    assert box["x"] + box["width"] <= size["width"]
    assert box["y"] + box["height"] <= size["height"]


def test_samples_beside_the_numbers_are_enlarged_by_a_click(watched: Watched) -> None:
    page = watched.open(BOARD)
    strip = page.locator("tbody a.sample").first
    assert strip.locator("img").evaluate("(x) => x.complete && x.naturalWidth > 0")
    strip.click()
    dialog = page.get_by_role("dialog")
    assert dialog.is_visible()
    assert dialog.locator("img").get_attribute("src") == strip.evaluate("(a) => a.href")
    page.keyboard.press("Escape")
    assert not dialog.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible(watched: Watched, site: Path, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    for name in pages_of(site):
        page = watched.open(name)
        page.emulate_media(color_scheme=scheme)
        draw_all(page)
        found = axe.run(page).response["violations"]
        assert [(name, one["id"], one["nodes"][0]["html"][:200]) for one in found] == []


def test_a_print_has_all_columns(watched: Watched) -> None:
    page = watched.open(BOARD)
    page.emulate_media(media="print")
    box = page.locator(".sortable .scroll")
    # not even the rows of other pages are left out
    page.evaluate("document.querySelector('.sortable').dataset.size = 2")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert len(labels(page)) == 2
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert len(labels(page)) == len(SWEEP) + 2
    assert box.evaluate("(x) => getComputedStyle(x).overflowX") == "visible"
    assert page.locator(".sortable thead th", has_text="gen s").is_visible()
