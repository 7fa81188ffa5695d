"""A table of scores beside what other libraries find."""

from __future__ import annotations

from collections.abc import Sequence

from regene_bench.base.errors import EXIT_OK, EXIT_SOME_FAILED
from regene_bench.base.text import aligned, printable
from regene_bench.leaderboard.formatting import number
from regene_bench.samples.parity.libraries import missing
from regene_bench.samples.parity.recompute import Line

_HEADER = ("score", "here", "library", "features", "there", "difference", "tolerance", "")
_VERDICTS = {True: "agrees", False: "DIFFERS", None: "not checked"}


def table_of(lines: Sequence[Line]) -> str:
    """Write lines as a table, with a summary and the libraries that are not installed below."""
    if not lines:
        return "None of the scores is one that other libraries compute."
    parts = [aligned([_row(line) for line in lines], _HEADER)]
    parts += [f"{line.row.metric}: {printable(line.note)}" for line in lines if line.note]
    counts = {word: sum(line.agrees is key for line in lines) for key, word in _VERDICTS.items()}
    told = [(counts["agrees"], "within tolerance"), (counts["DIFFERS"], "beyond it")]
    told += [(counts["not checked"], "not checked")]
    parts.append("\n" + ", ".join(f"{count} {word}" for count, word in told if count) + ".")
    absent = missing()
    if absent:
        parts.append(f"Not installed: {', '.join(absent)} (pip install {' '.join(absent)}).")
    return "\n".join(parts)


def exit_code_of(lines: Sequence[Line]) -> int:
    """0 if all that was found agrees, else 3."""
    return EXIT_SOME_FAILED if any(line.agrees is False for line in lines) else EXIT_OK


def _row(line: Line) -> tuple[str, ...]:
    extractor = line.row.extractor_id or ""
    name = (
        line.row.metric
        if line.row.metric.endswith(extractor)
        else f"{line.row.metric} ({extractor})"
    )
    found = line.value is not None
    return (
        name,
        number(line.row.value or 0.0),
        line.library,
        line.features if found else "",
        number(line.value) if line.value is not None else "",
        f"{line.difference:+.1e}" if line.difference is not None else "",
        f"{line.tolerance:.1e}" if found else "",
        _VERDICTS[line.agrees],
    )
