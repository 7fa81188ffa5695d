"""``regene-bench check``: whether a plugin keeps the contracts, and how to mend it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from regene_bench.base.errors import EXIT_SOME_FAILED, PluginError, UsageError, did_you_mean
from regene_bench.base.text import printable, say, terminal_width
from regene_bench.cli.options import complete_any
from regene_bench.plugins.host import load_plugins
from regene_bench.plugins.method_files import names_a_file
from regene_bench.testing import CHECKED_KINDS, checks_for, open_subject, run_check
from regene_bench.testing.entries_by_hook import entries_of
from regene_bench.testing.runner import entry_kind

if TYPE_CHECKING:
    from regene_bench.base.events import Event, Sink
    from regene_bench.plugins.host import PluginHost
    from regene_bench.testing import Check, Result

_STYLES = {"passed": "green", "failed": "bold red", "skipped": "dim"}
_WORDS = ", ".join(CHECKED_KINDS)


def check(
    name: Annotated[
        str,
        typer.Argument(
            help="A registered name, or path/to/file.py:Class for a method in a file.",
            autocompletion=complete_any,
        ),
    ],
    kind: Annotated[str, typer.Option(help=f"Check the one of this kind only: {_WORDS}.")] = "",
    only: Annotated[str, typer.Option(help="Run only checks whose name has this word in it.")] = "",
) -> None:
    """Check a plugin against the contract of its kind, and say how to mend it.

    Exits with 3 if a contract is not kept. What cannot be looked at here (weights or data that are
    missing) is skipped, and the table says why.
    """
    host = load_plugins()
    results: list[Result] = []
    for found in _kinds(host, name, kind):
        checks = _chosen(checks_for(found), only)
        title = f"{found} {printable(name)}"
        with (
            _progress(title, len(checks)) as shown,
            open_subject(found, name, host=host, emit=shown.sink) as subject,
        ):
            own = [shown.finished(run_check(one, subject)) for one in map(shown.began, checks)]
        _print_table(title, own)
        results += own
    if any(result.status == "failed" for result in results):
        raise typer.Exit(EXIT_SOME_FAILED)


def _kinds(host: PluginHost, name: str, kind: str) -> list[str]:
    if names_a_file(name) and kind in ("", "method"):
        return ["method"]
    wanted = [kind] if kind else list(CHECKED_KINDS)
    found = []
    for one in wanted:
        entries = entries_of(host, entry_kind(one))
        # a name with an argument behind a colon is looked up in full
        stem = name.split(":")[0] if one == "extractor" else name
        if any(name in (e.name, e.qualified_name) or stem == e.name for e in entries):
            found.append(one)
    if not found:
        _refuse_broken(host, name)
        known = {e.name for one in wanted for e in entries_of(host, entry_kind(one))}
        what = kind or "plugin"
        hint = host.with_left_out(did_you_mean(name, known))
        raise UsageError(f"There is no {what} named {name!r}.", hint=hint)
    return found


def _refuse_broken(host: PluginHost, name: str) -> None:
    """Say why a plugin is left out, if that is why there is no such name.

    Raises:
        PluginError: An entry point, or a distribution, of this name could not be loaded.
    """
    for broken in host.broken:
        if name in (broken.name, broken.distribution):
            whose = f"{broken.name!r} of {broken.distribution} {broken.version}".rstrip()
            hint = "`regene-bench doctor` shows where; nothing of it is checked before it loads."
            raise PluginError(f"The plugin {whose} is broken: {broken.error}", hint=hint)


def _chosen(checks: Sequence[Check], only: str) -> list[Check]:
    chosen = [one for one in checks if only in one.name]
    if not chosen:
        words = {word for one in checks for word in one.name.split("-")}
        raise UsageError(f"No check has {only!r} in its name.", hint=did_you_mean(only, words))
    return chosen


@dataclass(frozen=True)
class _Shown:
    """How a running check is shown.

    Attributes:
        sink: Takes the progress of trainings.
        began: Told of a check that begins; gives it back.
        finished: Told of its result; gives it back.
    """

    sink: Sink
    began: Callable[[Check], Check]
    finished: Callable[[Result], Result]


@contextmanager
def _progress(title: str, total: int) -> Iterator[_Shown]:
    """Show a bar on a terminal; elsewhere one line a check."""
    if not sys.stderr.isatty():
        yield _Shown(lambda event: None, lambda one: one, _print_line)
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from regene_bench.base.events import Progress as Work

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[doing]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(escape(title), total=total, doing="")
        current = ""

        def sink(event: Event) -> None:
            if isinstance(event, Work):
                share = event.done / event.total if event.total else 1.0
                bars.update(task, doing=escape(f"{current}  {event.task} {share:.0%}"))

        def began(one: Check) -> Check:
            nonlocal current
            current = one.name
            bars.update(task, doing=escape(current))
            return one

        def finished(result: Result) -> Result:
            bars.advance(task)
            return result

        yield _Shown(sink, began, finished)


def _print_line(result: Result) -> Result:
    say(f"{result.status:<8}{result.check.name}", file=sys.stderr, flush=True)
    return result


def _print_table(title: str, results: Sequence[Result]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else terminal_width())
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, title=None)
    for column in (title, "", "seconds"):
        table.add_column(Text(column), justify="right" if column == "seconds" else "left")
    for result in results:
        table.add_row(
            Text(result.check.name),
            Text(result.status, style=_STYLES[result.status]),
            Text(f"{result.seconds:.1f}"),
        )
    console.print(table)
    for result in results:
        if result.status != "passed":
            console.print(Text(f"\n{result.status}: {result.check.name}"))
            text = result.explain(min(100, console.width))
            console.print(Text("\n".join(_clean(line) for line in text.splitlines())))
    counts = [f"{sum(r.status == s for r in results)} {s}" for s in _STYLES]
    console.print(Text(f"\n{title}: {', '.join(counts)}"))


def _clean(line: str) -> str:
    """Keep the blanks of a line, and drop control characters of unknown origin."""
    return "".join(c for c in line if c.isprintable())
