"""``regene-bench doctor``: what works on this machine, and what to do about the rest."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regene_bench.base.text import json_text, printable, say
from regene_bench.cli.options import Data, Results

if TYPE_CHECKING:
    from regene_bench.cli.diagnosis import Finding

_MARKS = {"ok": "ok", "missing": "missing", "broken": "BROKEN", "info": ""}


def doctor(
    results: Results = Path("results"),
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read every file of results and caches, too.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 if something is broken.")
    ] = False,
) -> None:
    """Check device, plugins, data, weights and disk.

    Exits with 0 whatever it finds, unless it is to be strict: missing data and weights are normal,
    and a broken plugin harms nobody else.
    """
    from regene_bench.cli.diagnosis import diagnose, verified
    from regene_bench.plugins.host import load_plugins

    host = load_plugins()
    findings = diagnose(host, results, data or ())
    if verify:
        findings += verified(host, results)
    if as_json:
        say(json_text([vars(finding) for finding in findings]))
    else:
        _show(findings)
    if strict and any(finding.state == "broken" for finding in findings):
        raise typer.Exit(1)


def _show(findings: Sequence[Finding]) -> None:
    for topic, group in groupby(findings, key=lambda finding: finding.topic):
        say(f"{topic}")
        for finding in group:
            first, *rest = finding.detail.splitlines() or [""]
            mark = _MARKS[finding.state]
            say(f"  {mark:<8}{printable(finding.name):<18} {printable(first)}".rstrip())
            for line in rest:
                # indentation of tracebacks and lists is kept
                indent = " " * (len(line) - len(line.lstrip()))
                say(f"{'':<12}{indent}{printable(line)}")
