"""Fake installed distributions: a module and a dist-info folder, found through ``sys.path``."""

from __future__ import annotations

from pathlib import Path

GOOD = """
from regene_bench.hookspecs import hookimpl
from regene_bench.api import Method

@hookimpl
def register_methods(register):
    register("mine", "fake_good:Mine", summary="my method")

class Mine(Method):
    def fit(self, data, runtime):
        return object()

class NotAMethod:
    pass
"""

_HALF = """
from regene_bench.hookspecs import hookimpl

@hookimpl
def register_metrics(register):
    register("half", "fake_bad:Half")
"""

BAD_PLUGINS: dict[str, tuple[str, str]] = {
    "import": ("raise RuntimeError('no licence today')", "no licence today"),
    "exit": ("import sys\nsys.exit(3)", "SystemExit"),
    "syntax": ("def (:", "SyntaxError"),
    "misspelled": (
        _HALF + "@hookimpl\ndef register_metods(register):\n    pass\n",
        "'register_metods' is no hook",
    ),
    "arguments": (
        _HALF + "@hookimpl\ndef register_methods(registry):\n    pass\n",
        "PluginValidationError",
    ),
    "raises": (
        _HALF + "@hookimpl\ndef register_methods(register):\n"
        "    register('half', 'fake_bad:Half')\n    raise ValueError('cannot')\n",
        "ValueError: cannot",
    ),
    "target": (
        _HALF + "@hookimpl\ndef register_methods(register):\n    register('half', 'fake_bad')\n",
        "'fake_bad' of 'half' is not of the form",
    ),
    "name": (
        _HALF + "@hookimpl\ndef register_methods(register):\n"
        "    register('[red]\\x1b[2J', 'fake_bad:Half')\n",
        "is no name",
    ),
    "twice": (
        _HALF + "    register('half', 'fake_bad:Half')\n",
        "twice",
    ),
}


def install(folder: Path, distribution: str, source: str | None) -> None:
    """Put a distribution into a folder that is on ``sys.path``.

    Args:
        folder: The folder.
        distribution: Its name; its module is the name with underscores.
        source: The module's source; ``None`` leaves the module out.
    """
    module = distribution.replace("-", "_")
    if source is not None:
        (folder / f"{module}.py").write_text(source)
    info = folder / f"{module}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(f"[regene_bench]\nplugin = {module}\n")
