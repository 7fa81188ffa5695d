"""Processes that begin with the libraries already imported.

Importing torch, timm and SciPy takes longer than most of the runs that tests start. So
``multiprocessing``'s fork server imports them once a test session, and nothing of ours; a process
that a test asks for is forked from it, takes the folder, environment, search path, streams and
group that were asked for, and runs what a fresh interpreter would. It is a real process: it has a
pid, can be killed, and ends with an exit code.

A fresh interpreter is taken instead where the difference could show: if the environment differs in
a variable that a library may have read when it was imported, and on systems that cannot fork.
"""

from __future__ import annotations

import gc
import importlib
import multiprocessing
import os
import signal
import site
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from multiprocessing.context import ForkServerContext
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import IO, Any

from tests import warm_workers

LIBRARIES = (
    "numpy", "scipy.linalg", "scipy.stats", "torch", "torchvision", "timm", "pyarrow.parquet",
    # which torch imports when it is asked to be deterministic
    "torch._inductor.config", "sklearn.datasets", "sklearn.mixture",
    "pydantic", "PIL.Image", "rich.console", "typer", "safetensors.torch", "matplotlib.figure",
)  # fmt: skip
# Read when a process runs, not when a library is imported: these may differ from the session's.
_READ_LATE = (
    "REGENE_BENCH", "PYTHONPATH", "PYTHONIOENCODING", "COLUMNS", "PYTEST_", "no_proxy", "NO_PROXY",
    "MYPY_CACHE_DIR", "PIP_", "PATH", "VIRTUAL_ENV", "SLURM_CONF",
    # which our own runs set, within the tests' processes as well
    "CUBLAS_WORKSPACE_CONFIG",
)  # fmt: skip


def can_be_warm(environment: Mapping[str, str]) -> bool:
    """Tell whether a process of this environment may be forked from the session's fork server."""
    servers = _environment_of_the_server()
    differing = {
        name
        for name in environment.keys() | servers.keys()
        if environment.get(name) != servers.get(name)
    }
    forks = "forkserver" in multiprocessing.get_all_start_methods()
    return forks and all(name.startswith(_READ_LATE) for name in differing)


@dataclass(frozen=True)
class Program:
    """What a process runs.

    Attributes:
        arguments: The command line's, behind ``regene-bench``; behind ``-c`` if there is code.
        code: Python that is run instead of ``regene-bench``.
        prefix: A virtual environment whose Python it is to be: what is installed there is found,
            and processes that it starts are of it, too. By default the tests' own.
    """

    arguments: Sequence[str] = ()
    code: str = ""
    prefix: Path | None = None


class WarmProcess:
    """What tests use of ``subprocess.Popen``, of a process that the fork server made.

    Args:
        program: What it runs.
        folder: Its working folder.
        environment: All of its environment.
        stdout: Open file or descriptor that takes its output.
        stderr: The same for its errors; ``subprocess.PIPE`` opens a pipe.
        own_group: Whether it leads a process group of its own.

    Attributes:
        pid: Its process id.
        stderr: Its errors as text, if they go through a pipe.
    """

    def __init__(
        self,
        program: Program,
        folder: Path,
        environment: Mapping[str, str],
        stdout: int,
        stderr: int,
        *,
        own_group: bool = False,
    ) -> None:
        self.stderr: IO[str] | None = None
        writer = stderr
        if stderr == subprocess.PIPE:
            reader, writer = os.pipe()
            self.stderr = os.fdopen(reader, encoding="utf-8", errors="replace")
        with Path(os.devnull).open() as nothing:
            streams = [DupFd(descriptor) for descriptor in (nothing.fileno(), stdout, writer)]
            self._process = _fork_server().Process(
                target=_become,
                args=(program, str(folder), dict(environment), streams, own_group),
            )
            self._process.start()
        if stderr == subprocess.PIPE:
            os.close(writer)
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        """Exit code, or the negative number of the signal that ended it; ``None`` while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
        return self.returncode

    def communicate(self, timeout: float) -> tuple[None, str]:
        """Wait for the end; return nothing of its output and what is left of its errors."""
        assert self.stderr is not None
        rest = self.stderr.read()  # to its end, which is the process's
        self.wait(timeout)
        return None, rest

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


@cache
def _environment_of_the_server() -> Mapping[str, str]:
    """What the fork server is started with, which the first process asked for does."""
    return dict(os.environ)


def _fork_server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(LIBRARIES))
    return context


def _become(
    program: Program,
    folder: str,
    environment: dict[str, str],
    streams: Sequence[Any],
    own_group: bool,
) -> None:
    """In the forked child: become the process that was asked for, then do what it is to do."""
    # what the server imported stays: no collection of garbage needs to go through it
    gc.freeze()
    if own_group:
        os.setsid()
    for target, stream in enumerate(streams):
        descriptor = stream.detach()
        os.dup2(descriptor, target)
        os.close(descriptor)
    os.chdir(folder)
    before = _python_path(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    encoding = os.environ.get("PYTHONIOENCODING", "utf-8")
    sys.stdin = os.fdopen(0, encoding=encoding, closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding=encoding, closefd=False)
    sys.stderr = os.fdopen(
        2, "w", buffering=1, encoding=encoding, errors="backslashreplace", closefd=False
    )
    # a child of ``workers`` must not look for the tests' main module
    sys.modules["__main__"].__dict__.pop("__file__", None)
    sys.modules["__main__"].__spec__ = None
    sys.argv = ["-c", *program.arguments]
    kept = [entry for entry in sys.path if entry and entry not in before]
    sys.path[:] = ["", *_python_path(environment), *kept]
    if program.prefix is not None:
        sys.executable = str(program.prefix / "bin" / "python")
        multiprocessing.set_executable(sys.executable)
        site.addsitedir(site_of(program.prefix))
    for name in [name for name in sys.modules if name.partition(".")[0] in _OURS]:
        del sys.modules[name]
    importlib.invalidate_caches()
    if {"--workers", "--run-timeout"} & set(program.arguments):
        warm_workers.keep_a_server_ready()
    if program.code:
        exec(program.code, sys.modules["__main__"].__dict__)
    else:
        importlib.import_module("regene_bench.cli.main").main()


def site_of(prefix: Path) -> str:
    """The folder in which a virtual environment keeps its packages."""
    variables = {"base": str(prefix), "platbase": str(prefix)}
    return sysconfig.get_path("purelib", "venv", vars=variables)


_OURS = ("tests", "regene_bench", "regene_bench_plugins")


def _python_path(environment: Mapping[str, str]) -> list[str]:
    return [entry for entry in environment.get("PYTHONPATH", "").split(os.pathsep) if entry]
