"""The process that has the pretended device: it looks at one plugin after the other.

It reads requests from its standard input and writes answers to its standard output, as JSON, a line
each, until there is nothing more to read.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from regene_bench.testing.device import pretended


def serve() -> None:
    """Answer what is asked, until the asking process closes its end."""
    # what plugins print is no answer
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    look = _prepare()
    for line in sys.stdin:
        answers.write(json.dumps(look(json.loads(line))) + "\n")
        answers.flush()


def _prepare() -> Any:
    """Install the device before anything else of ours is imported; give what looks at a plugin."""
    try:
        device = pretended.install()
    except RuntimeError as error:
        found = f"torch cannot pretend a device here: {error}"
        return lambda request: {"status": "skipped", "found": found}
    import torch

    from regene_bench.runtime.determinism import make_deterministic
    from regene_bench.testing.check import Check
    from regene_bench.testing.device.looks import look_at
    from regene_bench.testing.runner import run_check
    from regene_bench.testing.second_process import entry_told

    torch.set_num_threads(1)
    make_deterministic()

    def look(request: dict[str, Any]) -> dict[str, str]:
        check = Check("device", "", "", lambda entry: look_at(entry, device))
        result = run_check(check, entry_told(request))
        return {"status": result.status, "found": result.found}

    return look


if __name__ == "__main__":
    serve()
