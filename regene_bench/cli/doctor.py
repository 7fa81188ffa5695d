"""``regene-bench doctor``: what works on this machine, and what to do about the rest."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer

from regene_bench.base.text import printable
from regene_bench.cli.options import Data, Results

_MARKS = {"ok": "ok", "missing": "missing", "broken": "BROKEN", "info": ""}


def doctor(
    results: Results = Path("results"),
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Check device, plugins, data, weights and disk.

    Exits with 0 whatever it finds: missing data and weights are normal, and a broken plugin harms
    nobody else.
    """
    from regene_bench.cli.diagnosis import diagnose
    from regene_bench.plugins.host import load_plugins

    findings = diagnose(load_plugins(), results, data or ())
    if as_json:
        print(json.dumps([vars(finding) for finding in findings], indent=2, ensure_ascii=False))
        return
    for topic, group in groupby(findings, key=lambda finding: finding.topic):
        print(f"{topic}")
        for finding in group:
            first, *rest = finding.detail.splitlines() or [""]
            mark = _MARKS[finding.state]
            print(f"  {mark:<8}{printable(finding.name):<18} {printable(first)}".rstrip())
            for line in rest:
                # indentation of tracebacks and lists is kept
                indent = " " * (len(line) - len(line.lstrip()))
                print(f"{'':<12}{indent}{printable(line)}")
