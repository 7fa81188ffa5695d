"""The table of formats has a row for each that the tests write and read."""

from __future__ import annotations

import re

from tests.real_formats.registry import FORMATS
from tests.wheels import ROOT


def test_the_table_says_what_the_registry_says() -> None:
    text = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    rows = [re.split(r" \| ", line.strip("| ")) for line in text.splitlines() if line[:2] == "| "]
    # versions are those of the day on which the script was run
    said = [(name, *cells) for name, _, *cells in rows[1:]]
    assert said == [
        (
            one.name,
            f"`{one.source}`" if one.source else "",
            "yes" if one.samples else "",
            one.recognised,
            one.read,
            one.refused,
        )
        for one in FORMATS
    ], "docs/formats.md is out of date: run `python docs/formats.py`"
