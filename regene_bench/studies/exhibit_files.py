"""Exhibits as files: a picture as PNG and SVG, and the numbers it shows as Parquet."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from regene_bench.base.errors import MethodError
from regene_bench.base.files import write_atomically
from regene_bench.studies.figure import Exhibit

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

FOLDER = "studies"
_NAME = re.compile(r"[\w-][\w.-]*")
_DOTS_PER_INCH = 150


def study_folder(results: Path, study: str, preset: str) -> Path:
    """Where the files of a study lie."""
    return results / FOLDER / study / preset


def keep_exhibit(folder: Path, exhibit: Exhibit, about: Mapping[str, Any]) -> list[Path]:
    """Write an exhibit, each file whole or not at all.

    Args:
        folder: Made if it is not there.
        exhibit: What to write.
        about: Study and runs it comes from; enters the Parquet file's metadata as JSON.

    Returns:
        The files.

    Raises:
        MethodError: The name is no file name, or the columns do not make a table.
    """
    if not _NAME.fullmatch(exhibit.name):
        raise MethodError(f"{exhibit.name!r} cannot be the name of a file.")
    files = {".parquet": _parquet(exhibit, about)}
    if exhibit.drawing is not None:
        files |= {f".{form}": _picture(exhibit.drawing, form) for form in ("png", "svg")}
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for suffix, content in files.items():
        path = folder / f"{exhibit.name}{suffix}"
        write_atomically(path, content)
        paths.append(path)
    return paths


def _parquet(exhibit: Exhibit, about: Mapping[str, Any]) -> bytes:
    try:
        table = pa.table({name: pa.array(list(values)) for name, values in exhibit.data.items()})
    except (pa.ArrowInvalid, pa.ArrowTypeError, ValueError) as error:
        raise MethodError(f"The data of {exhibit.name} make no table: {error}") from error
    told = {"caption": exhibit.caption, "about": json.dumps(about, sort_keys=True)}
    buffer = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(told), buffer)
    return buffer.getvalue()


def _picture(drawing: Drawing, form: str) -> bytes:
    import matplotlib

    buffer = io.BytesIO()
    # without date and random ids, the same numbers make the same file
    metadata = {"Date": None} if form == "svg" else None
    with matplotlib.rc_context({"svg.hashsalt": "regene-bench", "svg.fonttype": "none"}):
        drawing.savefig(
            buffer, format=form, dpi=_DOTS_PER_INCH, metadata=metadata, bbox_inches="tight"
        )
    return buffer.getvalue()
