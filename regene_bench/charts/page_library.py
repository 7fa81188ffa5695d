"""The library that draws charts on a page, from vl-convert's wheel.

To put it together takes seconds, so it is kept in the user's cache, a file for each version of the
wheel. Behind it stands a checksum: a copy that was damaged is none.
"""

from __future__ import annotations

import contextlib
import hashlib
from importlib.metadata import version
from pathlib import Path

from regene_bench.base.files import sweep_abandoned, whole_file
from regene_bench.base.paths import cache_dir


def page_library() -> bytes:
    """JavaScript in UTF-8 that defines ``vegaEmbed`` on a page, whole, without any request."""
    path = cache_dir() / "pages" / f"vega-{version('vl-convert-python')}.js"
    kept = _kept(path)
    if kept is not None:
        return kept
    made = _make()
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep_abandoned(path.parent)
        with whole_file(path, synced=False) as file:
            file.write(made + _mark(made))
    return made


def _make() -> bytes:
    import vl_convert

    # its stub asks for a snippet, the function does not
    bundle: str = vl_convert.javascript_bundle()  # type: ignore[call-arg]
    return bundle.encode()


def _kept(path: Path) -> bytes | None:
    try:
        content = path.read_bytes()
    except OSError:
        return None
    made, mark = content[: -len(_mark(b""))], content[-len(_mark(b"")) :]
    return made if mark == _mark(made) else None


def _mark(content: bytes) -> bytes:
    return f"\n// {hashlib.sha256(content).hexdigest()}\n".encode()
