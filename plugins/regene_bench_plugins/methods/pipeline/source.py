"""What a text that names a model means, and the digest of what it names. Nothing of it is run."""

from __future__ import annotations

import hashlib
import importlib.util
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Literal

from regene_bench_plugins.methods.pipeline.folder import Folder

Kind = Literal["diffusers", "torchscript", "export", "function", "example"]

EXAMPLE = "example"
_FUNCTION = re.compile(r"(?P<where>.+\.py|[^\W\d]\w*(\.[^\W\d]\w*)*):(?P<name>[^\W\d]\w*)")
_PROGRAMS: dict[str, Kind] = {".pt": "torchscript", ".ts": "torchscript", ".pt2": "export"}
_DIGITS = 16
_PIECE = 1 << 22


def kind_of(source: str) -> Kind:
    """Tell what kind of model a text names.

    Raises:
        ValueError: None that can be opened; says what there is in its place.
    """
    if source == EXAMPLE:
        return "example"
    path = path_of(source)
    if path.is_dir():
        return "diffusers"
    if path.is_file():
        if path.suffix == ".py":
            raise ValueError(f"{source} is a Python file; name its function: {source}:FUNCTION")
        kind = _PROGRAMS.get(path.suffix)
        if kind is None:
            raise ValueError(
                f"{source} is neither a TorchScript (.pt, .ts) nor a torch.export file (.pt2); "
                "of weights alone nobody knows the network"
            )
        return kind
    if _FUNCTION.fullmatch(source):
        return "function"
    raise ValueError(
        f"there is nothing at {source}: give a folder of diffusers, a .pt, .ts or .pt2 file, "
        "FILE.py:function or module:function"
    )


def digest_of(source: str) -> str:
    """Hash what a source names: the same digits wherever it lies.

    Of a folder count the files that are opened, of a function the file that it stands in, and
    nothing that this file reads or imports.

    Raises:
        ValueError: As of ``kind_of`` and ``Folder.read``, or there is no such file or module of a
            function.
        OSError: A file cannot be read.
    """
    kind = kind_of(source)
    if kind == "example":
        return EXAMPLE
    if kind == "function":
        return _hashed([(file_of_function(source), "")])
    path = path_of(source)
    if kind == "diffusers":
        return _hashed(
            (file, file.relative_to(path).as_posix()) for file in Folder.read(path).files
        )
    return _hashed([(path, "")])


def path_of(source: str) -> Path:
    """A source as a path.

    Raises:
        ValueError: It begins with the home of a user that there is not.
    """
    try:
        return Path(source).expanduser()
    except RuntimeError as error:
        raise ValueError(f"{source}: {error}") from error


def function_parts(source: str) -> tuple[str, str]:
    """Take ``FILE.py:function`` or ``module:function`` apart."""
    where, _, name = source.rpartition(":")
    return where, name


def file_of_function(source: str) -> Path:
    """The file that a function stands in.

    Raises:
        ValueError: There is no such file or module.
    """
    where, name = function_parts(source)
    if where.endswith(".py"):
        path = path_of(where)
        if not path.is_file():
            raise ValueError(f"{source}: there is no file {where}")
        return path
    found = _file_of_module(where)
    if found is None:
        raise ValueError(
            f"{source}: there is no module {where} that Python can import; of a file write "
            f"{where}.py:{name}"
        )
    return found


def _file_of_module(module: str) -> Path | None:
    """Find a module's file without importing the packages that it is in, as Python would."""
    first, *rest = module.split(".")
    spec = importlib.util.find_spec(first)
    if spec is None:
        return None
    origin = spec.origin
    folders = [Path(place) for place in spec.submodule_search_locations or ()]
    for part in rest:
        beside = [place / f"{part}.py" for place in folders]
        within = [place / part / "__init__.py" for place in folders]
        origin = next((str(file) for file in (*within, *beside) if file.is_file()), None)
        folders = [place / part for place in folders]
    return Path(origin) if origin is not None and Path(origin).is_file() else None


def _hashed(files: Iterable[tuple[Path, str]]) -> str:
    """Hash the names and contents of files."""
    digest = hashlib.sha256()
    for path, name in files:
        status = path.stat()
        digest.update(f"{name}\0{_content(path, status.st_size, status.st_mtime_ns)}\0".encode())
    return digest.hexdigest()[:_DIGITS]


@lru_cache(maxsize=256)
def _content(path: Path, size: int, changed: int) -> str:
    """Hash a file's content once, as long as its size and time stay."""
    digest = hashlib.sha256()
    for piece in _pieces(path):
        digest.update(piece)
    return digest.hexdigest()


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece
