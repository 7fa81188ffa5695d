"""The contract that lets plugins import nothing of the core but its doors."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.wheels import ROOT

_IMPORTS_TOO_MUCH = """
from typing import TYPE_CHECKING

from regene_bench.api import Metric
from regene_bench.data.decode import decode_images

if TYPE_CHECKING:
    from regene_bench.leaderboard.record import RunRecord


def late():
    from regene_bench.runtime import locks
"""


def test_a_plugin_cannot_import_what_is_not_public_by_type_hints_and_late_imports_either(
    tmp_path: Path,
) -> None:
    shutil.copytree(ROOT / "regene_bench", tmp_path / "regene_bench")
    plugins = tmp_path / "plugins" / "regene_bench_plugins"
    shutil.copytree(ROOT / "plugins" / "regene_bench_plugins", plugins)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (plugins / "metrics" / "too_much.py").write_text(_IMPORTS_TOO_MUCH)
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{plugins.parent}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert (
        "plugins import the public interface only, type hints and late imports included BROKEN"
        in (" ".join(done.stdout.split()))
    )
    for closed in ("data.decode", "leaderboard.record", "runtime.locks"):
        assert f"regene_bench_plugins.metrics.too_much -> regene_bench.{closed} (l." in done.stdout
    assert "regene_bench_plugins.metrics.too_much -> regene_bench.api" not in done.stdout
