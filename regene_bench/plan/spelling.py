"""Names of a file, written so that they mean the same on a command line.

In a file a name means what the file's own distribution registers. Where others register it, too, a
user must write ``distribution:name``; elsewhere the mere name stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from regene_bench.base.errors import UsageError
from regene_bench.plan.selection import parse_selections, split_outside_brackets
from regene_bench.plugins.host import PluginHost


def spelt_name(host: PluginHost, kind: str, name: str, home: str) -> str:
    """Write a name of a file; what is not known stays as it is, for others to tell.

    Args:
        host: Knows what is registered.
        kind: One of ``KINDS``.
        name: As it stands in the file.
        home: The distribution that the file comes with; see ``PluginHost.find``.

    Raises:
        PluginError: Several distributions register it, and neither this one nor ours.
    """
    try:
        return host.spelling(host.find(kind, name, home=home))
    except UsageError:
        return name


def spelt_methods(host: PluginHost, text: str, home: str) -> str:
    """Write methods, as of ``--methods``; arguments as of ``spelt_name``."""
    parts = [part.partition("[") for part in split_outside_brackets(text)]
    names = [name.strip() for name, _, _ in parts]
    spelt = [spelt_name(host, "method", name, home) for name in names]
    if spelt == names:
        return text
    return ",".join(n + bracket + rest for n, (_, bracket, rest) in zip(spelt, parts, strict=True))


def spelt_metrics(host: PluginHost, texts: Iterable[str], home: str) -> list[str]:
    """Write metrics and the extractors in their brackets, one metric an item.

    Raises:
        UsageError: A text that does not parse.
        PluginError: As of ``spelt_name``.
    """
    given_texts = ",".join(texts)
    written = []
    for selection in parse_selections(given_texts) if given_texts else []:
        name = spelt_name(host, "metric", selection.name, home)
        for given in selection.grid:
            extractor = given.get("extractor")
            if isinstance(extractor, str):
                spelt = spelt_name(host, "feature_extractor", extractor, home)
                given = given | {"extractor": spelt}
            written.append(title_of(name, given))
    return written


def title_of(name: str, options: Mapping[str, Any]) -> str:
    """Write a metric with its options: ``kid[extractor=inception]``."""
    inside = ",".join(f"{key}={value}" for key, value in options.items())
    return f"{name}[{inside}]" if inside else name
