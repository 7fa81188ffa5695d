"""``regene-bench info``: what one registered thing is and what can be set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from regene_bench.base.errors import UsageError, did_you_mean
from regene_bench.base.text import printable, say
from regene_bench.cli.descriptions import DESCRIBE
from regene_bench.cli.options import complete_any, complete_benchmarks
from regene_bench.plugins.host import load_plugins
from regene_bench.plugins.method_files import find_method, names_a_file

if TYPE_CHECKING:
    from regene_bench.plugins.host import Entry, PluginHost


def info(
    name: Annotated[
        str,
        typer.Argument(
            help="Any name, or path/to/file.py:Class for a method in a file.",
            autocompletion=complete_any,
        ),
    ],
    kind: Annotated[str, typer.Option(help="Describe the one of this kind only.")] = "",
    benchmark: Annotated[
        str,
        typer.Option(
            "--for",
            "--benchmark",
            help="Show a method's presets for the images of this benchmark.",
            autocompletion=complete_benchmarks,
        ),
    ] = "",
) -> None:
    """Describe a benchmark, method, metric, study or anything else that has a name."""
    host = load_plugins()
    if kind and kind not in DESCRIBE:
        raise UsageError(f"There is no kind {kind!r}.", hint=did_you_mean(kind, DESCRIBE))
    for i, (one, entry) in enumerate(_entries(host, name, kind).items()):
        lines = [
            *([""] if i else []),
            f"{one} {entry.name}: {printable(entry.summary)}".rstrip(": "),
            f"from {printable(f'{entry.distribution} {entry.version}'.strip())}, {entry.target}",
            *DESCRIBE[one](host, entry, benchmark),
        ]
        say("\n".join(lines))


def _entries(host: PluginHost, name: str, kind: str) -> dict[str, Entry]:
    """Find what has a name, by its kind; several kinds may know the same name."""
    if names_a_file(name) and kind in ("", "method"):
        return {"method": find_method(host, name)}
    kinds = {k: "feature_extractor" if k == "extractor" else k for k in DESCRIBE}
    wanted = {k: v for k, v in kinds.items() if kind in ("", k)}
    found = [k for k, v in wanted.items() if any(_is(e, name) for e in host.entries(v))]
    if not found:
        known = {n for v in wanted.values() for n in host.shown_names(v)}
        hint = host.with_left_out(did_you_mean(name, known))
        raise UsageError(f"There is nothing named {name!r}.", hint=hint)
    return {one: host.find(kinds[one], name) for one in found}


def _is(entry: Entry, name: str) -> bool:
    return name in (entry.name, entry.qualified_name)
