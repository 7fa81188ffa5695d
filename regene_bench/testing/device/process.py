"""The one process beside this one that has the pretended device."""

from __future__ import annotations

import atexit
import functools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from typing import IO

from regene_bench.plugins.entries import Entry
from regene_bench.testing.check import Broken
from regene_bench.testing.second_process import told

# with the search path of this process, wherever it comes from
_CODE = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from regene_bench.testing.device.worker import serve
serve()
"""
# no real accelerator may be taken for the one that is pretended
_HIDDEN = {"CUDA_VISIBLE_DEVICES": "", "HIP_VISIBLE_DEVICES": ""}
_END_SECONDS = 10.0
_MOST_WORDS = 200


class DeviceProcess:
    """A process with the pretended device, started when it is first asked.

    Importing torch takes seconds, so all checks of this process share one.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._errors: IO[bytes] | None = None

    def look_at(self, entry: Entry) -> tuple[str, str]:
        """Have a plugin looked at.

        Returns:
            The status, as of ``Result``, and what was found.

        Raises:
            Broken: The plugin ended the process; the next call starts another one.
        """
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(told(entry)) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        except BaseException:
            # an answer that nobody waited for must not be taken for the next one
            process.kill()
            self.close()
            raise
        if not line:
            raise Broken(f"it ends the process that it is tried in: {self._last_words()}")
        answer: Mapping[str, str] = json.loads(line)
        return answer["status"], answer["found"]

    def close(self) -> None:
        """End the process, if it runs."""
        if self._process is None:
            return
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
            self._process.wait(_END_SECONDS)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        self._process = None

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
            self._process = subprocess.Popen(
                [sys.executable, "-c", _CODE, json.dumps(sys.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=os.environ | _HIDDEN,
                encoding="utf-8",
            )
        return self._process

    def _last_words(self) -> str:
        """The exit code of the process that died, and the end of what it said."""
        assert self._process is not None
        assert self._errors is not None
        code = self._process.wait(_END_SECONDS)
        self.close()
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip()[-_MOST_WORDS:]
        return f"exit code {code}; it last said {said!r}" if said else f"exit code {code}"


@functools.cache
def device_process() -> DeviceProcess:
    """Give the process that all checks of this one share; it ends with this one."""
    process = DeviceProcess()
    atexit.register(process.close)
    return process
