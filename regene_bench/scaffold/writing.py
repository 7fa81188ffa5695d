"""Write a new distribution from templates: all its files, or none."""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from regene_bench.base.errors import ResultsError, UsageError, did_you_mean
from regene_bench.base.files import whole_folder
from regene_bench.base.version import __version__
from regene_bench.scaffold.names import PluginName

KINDS: tuple[str, ...] = (
    "method",
    "dataset",
    "metric",
    "extractor",
    "benchmark",
    "figure",
    "study",
    "reported",
    "executor",
    "observer",
    "command",
)
_DESCRIPTIONS = {"reported": "Numbers of papers"}
_SUFFIX = ".tmpl"
# the folder of templates with this name becomes the package
_PACKAGE = "package"


def write_plugin(kind: str, name: PluginName, into: Path) -> Path:
    """Write a distribution with one plugin into a new folder ``into/NAME``.

    Args:
        kind: One of ``KINDS``.
        name: What the plugin is called.
        into: The folder in which its own is made; made too if it is not there.

    Returns:
        The new folder.

    Raises:
        UsageError: Unknown kind, or something stands where the folder should; nothing is changed.
        ResultsError: The disk is full, or the folder cannot be written.
    """
    if kind not in KINDS:
        raise UsageError(f"There is no kind {kind!r}.", hint=did_you_mean(kind, KINDS))
    target = into / name.name
    if target.exists() or target.is_symlink():
        raise UsageError(
            f"{target} is there already; nothing was written.",
            hint="Take another name, or another folder with --into.",
        )
    files = _rendered(kind, name)
    try:
        with whole_folder(target) as folder:
            for relative, text in files.items():
                path = folder / relative
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ResultsError(
            f"Cannot write {target}: {error.strerror or error}.",
            hint="Give a folder that can be written with --into.",
        ) from error
    return target


def _rendered(kind: str, name: PluginName) -> dict[Path, str]:
    """Fill in the templates: the text of each file by its path in the distribution's folder."""
    values = {
        "name": name.name,
        "package": name.package,
        "distribution": name.distribution,
        "class_name": name.class_name(kind),
        "title": name.title,
        "kind": kind,
        "command": name.command,
        "description": _DESCRIPTIONS.get(kind, f"{_article(kind)} {kind}"),
        "version": __version__,
    }
    templates = importlib.resources.files("regene_bench.scaffold") / "templates"
    files = {}
    for folder in ("common", kind):
        for parts, template in _walk(templates / folder):
            placed = [_placed(part, name) for part in parts]
            text = template.read_text(encoding="utf-8")
            files[Path(*placed)] = Template(text).substitute(values)
    return files


def _article(word: str) -> str:
    return "An" if word[0] in "aeiou" else "A"


def _placed(part: str, name: PluginName) -> str:
    part = part.removesuffix(_SUFFIX)
    return name.package if part == _PACKAGE else part.replace("NAME", name.name)


def _walk(
    folder: Traversable, above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Traversable]]:
    """Yield every template below a folder, with the parts of its path from there."""
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        if item.is_dir():
            yield from _walk(item, (*above, item.name))
        elif item.name.endswith(_SUFFIX):
            yield (*above, item.name), item
