"""A second Python in which a piece of work is done again: does it come out the same there?

What depends on the order of a set, or on ``hash`` of a text, is the same all through one process
and other in the next, because Python draws a seed for hashes at every start (``PYTHONHASHSEED``).
Here that seed is another than in this process. One process serves all checks: to import torch takes
longer than what it is asked for.
"""

from __future__ import annotations

import atexit
import functools
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TextIO

from regene_bench.testing.check import Broken, NotApplicable

if TYPE_CHECKING:
    from regene_bench.plugins.entries import Entry

_HASH_SEEDS = ("1", "2")
_SERVE = "from regene_bench.testing.second_process import serve; serve()"


class SecondProcess:
    """Starts when it is first asked for something, and anew if a plugin has ended it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def do(self, work: str, **arguments: Any) -> Any:
        """Call a function there, and give what it returns.

        Args:
            work: ``"package.module:function"``.
            arguments: What becomes JSON.

        Returns:
            What came back as JSON.

        Raises:
            NotApplicable: The function said that it has nothing to look at.
            Broken: It raised anything else, or the process ended.
        """
        process = self._running()
        asked = {"work": work, "arguments": arguments, "path": sys.path}
        try:
            print(json.dumps(asked), file=process.stdin, flush=True)
            answer = process.stdout.readline() if process.stdout else ""
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise Broken(f"a second process that did the same ended with {process.wait()}")
        reply = json.loads(answer)
        if "skipped" in reply:
            raise NotApplicable(reply["skipped"])
        if "error" in reply:
            raise Broken(f"in a second process: {reply['error']}")
        return reply["value"]

    def end(self) -> None:
        """End the process, if it runs."""
        if self._process is not None:
            self._process.communicate()

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            own = os.environ.get("PYTHONHASHSEED")
            other = next(seed for seed in _HASH_SEEDS if seed != own)
            self._process = subprocess.Popen(
                [sys.executable, "-c", _SERVE],
                env=os.environ
                | {"PYTHONHASHSEED": other, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        return self._process


@functools.cache
def second_process() -> SecondProcess:
    """The second process of this one; it ends with it."""
    process = SecondProcess()
    atexit.register(process.end)
    return process


def serve() -> None:
    """Be the second process: do what each line of standard input asks for, and answer in a line."""
    from regene_bench.runtime.determinism import make_deterministic
    from regene_bench.runtime.process_state import kept_process_state

    make_deterministic()
    with _answers() as answers:
        for line in sys.stdin:
            asked = json.loads(line)
            sys.path[:] = asked["path"]
            importlib.invalidate_caches()
            with kept_process_state():
                reply = _done(asked["work"], asked["arguments"])
            print(json.dumps(reply), file=answers, flush=True)


def told(entry: Entry) -> dict[str, Any]:
    """Give an entry as JSON, for ``entry_told``."""
    fields = asdict(entry)
    # of a method in a file: what is tried there is what was read here
    if "source" in fields:
        fields["source"] = fields["source"].decode("latin-1")
    return fields


def entry_told(fields: dict[str, Any]) -> Entry:
    """Make the entry again of which ``told`` gave the fields."""
    from regene_bench.plugins.arguments import EntryWithArgument
    from regene_bench.plugins.entries import Entry
    from regene_bench.plugins.method_files import FileEntry

    if "source" in fields:
        return FileEntry(**fields | {"source": fields["source"].encode("latin-1")})
    return EntryWithArgument(**fields) if "argument" in fields else Entry(**fields)


def _done(work: str, arguments: dict[str, Any]) -> dict[str, Any]:
    from regene_bench.base.errors import UnavailableError

    module, _, name = work.partition(":")
    try:
        return {"value": getattr(importlib.import_module(module), name)(**arguments)}
    except (NotApplicable, UnavailableError) as reason:
        return {"skipped": str(reason)}
    except BaseException as error:  # whatever a plugin does is told, and the next work is done
        return {"error": f"{type(error).__name__}: {error}"}


@contextmanager
def _answers() -> Iterator[TextIO]:
    """Keep standard output for answers: what a plugin prints goes to standard error."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        yield answers
