"""Real ``regene-bench`` processes, and what they leave."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow.parquet as pq

from tests.warm import Program, WarmProcess, can_be_warm

MAIN = "from regene_bench.cli.main import main; main()"


def environment(cache: Path, *path: Path, **more: str) -> dict[str, str]:
    """Variables of a process: this cache, these folders first on its path, one thread, offline."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("REGENE_BENCH")}
    paths = [str(folder) for folder in path] + [kept.get("PYTHONPATH", "")]
    return kept | {
        "REGENE_BENCH_CACHE": str(cache),
        "REGENE_BENCH_OFFLINE": os.environ.get("REGENE_BENCH_OFFLINE", "1"),
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PYTHONIOENCODING": "utf-8",
        "COLUMNS": "200",
        "OMP_NUM_THREADS": "1",
        **more,
    }


def regene_bench(
    arguments: Sequence[str], folder: Path, variables: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return run(Program(arguments), folder, variables)


def run(
    program: Program, folder: Path, variables: Mapping[str, str], *, most_seconds: float = 300
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = _begin(program, folder, variables, out.fileno(), err.fileno())
        try:
            code = process.wait(most_seconds)
        finally:
            process.kill()
        texts = [stream.seek(0) or stream.read().decode(errors="replace") for stream in (out, err)]
    return subprocess.CompletedProcess(_command_line(program), code, *texts)


def run_script(
    path: Path, arguments: Sequence[str], folder: Path
) -> subprocess.CompletedProcess[str]:
    """Run a Python file to its end, in this process's environment."""
    code = f"import runpy; runpy.run_path({str(path)!r}, run_name='__main__')"
    return run(Program(arguments, code), folder, os.environ)


def start(
    arguments: Sequence[str],
    folder: Path,
    variables: Mapping[str, str],
    *,
    own_group: bool = False,
    errors: int = subprocess.PIPE,
) -> subprocess.Popen[str] | WarmProcess:
    """Begin a command, in a group of its own if wanted; its errors can be read while it runs."""
    with Path(os.devnull).open("w") as nothing:
        return _begin(
            Program(arguments), folder, variables, nothing.fileno(), errors, own_group=own_group
        )


def _begin(
    program: Program,
    folder: Path,
    variables: Mapping[str, str],
    stdout: int,
    stderr: int,
    *,
    own_group: bool = False,
) -> subprocess.Popen[str] | WarmProcess:
    if can_be_warm(variables):
        return WarmProcess(program, folder, variables, stdout, stderr, own_group=own_group)
    return subprocess.Popen(
        _command_line(program),
        cwd=folder,
        env=dict(variables),
        stdout=stdout,
        stderr=stderr,
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=own_group,
    )


def _command_line(program: Program) -> list[str]:
    python = str(program.prefix / "bin" / "python") if program.prefix else sys.executable
    return [python, "-c", program.code or MAIN, *program.arguments]


def parts(results: Path) -> list[Path]:
    """The Parquet parts of a results folder."""
    return sorted(results.glob("leaderboard/*/*.parquet"))


Key = tuple[str, str, int, str | None, str | None]


def scores(results: Path) -> dict[Key, tuple[str, float | None, float | None]]:
    """Status, value and spread by run, method, seed, metric and class; times are left out."""
    table: dict[Key, tuple[str, float | None, float | None]] = {}
    for path in parts(results):
        for row in pq.read_table(path).to_pylist():
            key = (row["run_id"], row["method"], row["seed"], row["metric"], row["class"])
            assert key not in table
            table[key] = (row["status"], row["value"], row["std"])
    return table
