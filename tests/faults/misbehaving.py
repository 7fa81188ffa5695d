"""A plugin for the tests of faults: a method that does to its process what it is told.

It is copied into a folder as a distribution of its own. With ``$REGENE_BENCH_KILL`` in the
environment it also kills the process that imports it at a file event: ``ROLE:NUMBER:FOLDER`` means
the NUMBERth time that a process (ROLE ``parent``), one of its workers (``worker``) or each of them
(``workers``) makes, renames or removes something in the folder.
"""

from __future__ import annotations

import collections
import contextlib
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Literal

from regene_bench.api import Generation, Method, MethodConfig, Register, hookimpl


@hookimpl
def register_methods(register: Register) -> None:
    register("misbehaving", "misbehaving:Misbehaving", summary="does what it is told")


class MisbehavingConfig(MethodConfig):
    does: Literal[
        "well",
        "exit",
        "killed",
        "crash",
        "sleep",
        "spin",
        "holds",
        "swallows",
        "child",
        "memory",
        "limit",
    ] = "well"


class Noise:
    def __init__(self, shape: Any) -> None:
        self._size = (shape.channels, shape.height, shape.width)

    def generate(self, labels: Any, rng: Any) -> Generation:
        return Generation(rng.uniform(len(labels), self._size))


class Misbehaving(Method):
    Config = MisbehavingConfig
    config: MisbehavingConfig

    def fit(self, data: Any, runtime: Any) -> Noise:
        signal.alarm(90)  # by which the system ends what a test that failed leaves
        os.write(2, f"now it {self.config.does}\n".encode())
        getattr(self, self.config.does)()
        return Noise(data.shape)

    def well(self) -> None:
        pass

    def exit(self) -> None:
        os._exit(0)

    def killed(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def crash(self) -> None:
        signal.signal(signal.SIGSEGV, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGSEGV)

    def sleep(self) -> None:
        time.sleep(1000)

    def spin(self) -> None:
        while True:
            pass

    def holds(self) -> None:
        """Stay in C without letting any other thread run."""
        collections.deque(itertools.repeat(0), maxlen=0)

    def swallows(self) -> None:
        while True:
            with contextlib.suppress(BaseException):
                time.sleep(1000)

    def child(self) -> None:
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
        time.sleep(1000)

    def memory(self) -> None:
        bytearray(1 << 40)

    def limit(self) -> None:
        """Want more than the system was told to give, as a cluster tells it."""
        import resource

        import torch

        before = resource.getrlimit(resource.RLIMIT_AS)
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + (64 << 20)
        resource.setrlimit(resource.RLIMIT_AS, (most, before[1]))
        try:
            torch.zeros(1 << 30)
        finally:
            resource.setrlimit(resource.RLIMIT_AS, before)


def _kill_at_a_file_event(order: str) -> None:
    role, number, folder = order.split(":", 2)
    if (role == "parent") == _is_a_worker():
        return
    left = int(number)
    writes = os.O_WRONLY | os.O_RDWR | os.O_CREAT

    def look(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        if event == "open":
            if not isinstance(arguments[2], int) or not arguments[2] & writes:
                return
        elif event not in ("os.rename", "os.remove", "os.mkdir", "os.rmdir"):
            return
        if not str(arguments[0]).startswith(folder):
            return
        left -= 1
        if left == 0:
            try:
                os.close(os.open(f"{folder}.killed", os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                if role == "worker":  # another one was
                    return
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(look)


def _is_a_worker() -> bool:
    return any(thread.name == "end with the parent" for thread in threading.enumerate())


if "REGENE_BENCH_KILL" in os.environ:
    _kill_at_a_file_event(os.environ["REGENE_BENCH_KILL"])
