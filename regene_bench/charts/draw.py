"""Charts as files, by vl-convert."""

from __future__ import annotations

from typing import Any

from regene_bench.base.errors import UsageError, did_you_mean
from regene_bench.charts.chart import Chart
from regene_bench.charts.colours import PALETTE

FORMATS: tuple[str, ...] = ("svg", "png", "pdf")
_WIDTH = 480
_PIXELS_PER_INCH = 300

CONFIG: dict[str, Any] = {
    "background": "white",
    "view": {"stroke": None},
    "axis": {"gridColor": "#e4e4e4", "labelFontSize": 11, "titleFontSize": 12, "labelFlush": False},
    "legend": {"orient": "top", "labelFontSize": 11},
    "range": {"category": list(PALETTE)},
}
"""Look of all charts; a page changes the colours of text and grid for dark screens."""


def draw(chart: Chart, form: str) -> bytes:
    """Draw a chart as a file.

    Args:
        chart: What is drawn.
        form: ``"svg"``, ``"png"`` at 300 pixels an inch, or ``"pdf"``.

    Raises:
        UsageError: There is no such format.
    """
    import vl_convert

    if form not in FORMATS:
        raise UsageError(f"There is no format {form!r}.", hint=did_you_mean(form, FORMATS))
    spec = {"width": _WIDTH, **chart.described, "config": CONFIG}
    if form == "svg":
        svg: str = vl_convert.vegalite_to_svg(spec)
        return svg.encode()
    if form == "png":
        png: bytes = vl_convert.vegalite_to_png(spec, scale=2, ppi=_PIXELS_PER_INCH)
        return png
    pdf: bytes = vl_convert.vegalite_to_pdf(spec)
    return pdf
