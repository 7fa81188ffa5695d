"""Hostile plugins as installed distributions: a module and a dist-info folder, on ``sys.path``."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.hostile_plugins.plugin import HostilePlugin


def install(one: HostilePlugin, folder: Path) -> None:
    """Write a hostile plugin, and what is to lie beside it, as pip would install it.

    Args:
        one: The plugin.
        folder: Where packages are installed.
    """
    folder.mkdir(exist_ok=True)
    # by its folder a distribution's version is looked up; two of one name cannot have one folder
    named = (
        folder / f"{re.sub('[-_.]+', '_', one.distribution_name).lower()}-{one.version}.dist-info"
    )
    info = folder / f"{one.module}-{one.version}.dist-info" if named.exists() else named
    info.mkdir()
    lines = ["Metadata-Version: 2.1", f"Name: {one.distribution_name}", f"Version: {one.version}"]
    lines += [f"Requires-Dist: {required}" for required in one.requires]
    (info / "METADATA").write_text(one.metadata or "\n".join(lines) + "\n")
    points = one.entry_points or f"[regene_bench]\nplugin = {one.module}\n"
    (info / "entry_points.txt").write_text(points.replace("MODULE", one.module))
    for path, text in ({f"{one.module}.py": one.source} | dict(one.files)).items():
        file = folder / path.replace("MODULE", one.module)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace("MODULE", one.module), errors="surrogatepass")
    for other in one.beside:
        install(other, folder)


@contextmanager
def installed(one: HostilePlugin, folder: Path) -> Iterator[None]:
    """Have a hostile plugin installed, here and in processes that are started meanwhile."""
    install(one, folder)
    known = set(sys.modules)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        patch.setenv("PYTHONPATH", str(folder), prepend=":")
        for variable in ("REGENE_BENCH_PLUGINS", "REGENE_BENCH_STRICT_PLUGINS"):
            patch.delenv(variable, raising=False)
        try:
            yield
        finally:
            for name in set(sys.modules) - known:
                if name.startswith("hostile_"):
                    del sys.modules[name]
    importlib.invalidate_caches()
