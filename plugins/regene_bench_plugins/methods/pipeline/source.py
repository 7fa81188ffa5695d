"""What a text that names a model means, and the digest of what it names."""

from __future__ import annotations

import hashlib
import importlib.util
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Literal

Kind = Literal["diffusers", "torchscript", "export", "callable", "example"]

EXAMPLE = "example"
_CALLABLE = re.compile(r"(?P<where>.+\.py|[^\W\d]\w*(\.[^\W\d]\w*)*):(?P<name>[^\W\d]\w*)")
_PROGRAMS: dict[str, Kind] = {".pt": "torchscript", ".ts": "torchscript", ".pt2": "export"}
_OF_A_PIPELINE = ("*.json", "*.safetensors")
_DIGITS = 16
_PIECE = 1 << 22


def kind_of(source: str) -> Kind:
    """Tell what kind of model a text names.

    Raises:
        ValueError: None that can be opened; says what there is in its place.
    """
    if source == EXAMPLE:
        return "example"
    path = Path(source).expanduser()
    if path.is_dir():
        if not (path / "model_index.json").is_file():
            raise ValueError(
                f"{source} has no model_index.json, which every folder that diffusers' "
                "`save_pretrained` wrote has"
            )
        return "diffusers"
    if path.is_file():
        kind = _PROGRAMS.get(path.suffix)
        if kind is None:
            raise ValueError(
                f"{source} is neither a TorchScript (.pt, .ts) nor a torch.export file (.pt2); "
                "of weights alone nobody knows the network"
            )
        return kind
    if _CALLABLE.fullmatch(source):
        return "callable"
    raise ValueError(
        f"there is nothing at {source}: give a folder of diffusers, a .pt, .ts or .pt2 file, "
        "FILE.py:function or module:function"
    )


def digest_of(source: str) -> str:
    """Hash what a source names: the same digits wherever it lies.

    Of a folder count the weights and configurations, of a function the file that it stands in, and
    nothing that this file imports.

    Raises:
        ValueError: As of ``kind_of``, or there is no such file or module of a function.
        OSError: A file cannot be read.
    """
    kind = kind_of(source)
    if kind == "example":
        return EXAMPLE
    if kind == "callable":
        return _hashed(((file_of_function(source), ""),))
    path = Path(source).expanduser()
    if kind == "diffusers":
        found = (file for pattern in _OF_A_PIPELINE for file in path.rglob(pattern))
        return _hashed(tuple((file, file.relative_to(path).as_posix()) for file in sorted(found)))
    return _hashed(((path, ""),))


def function_parts(source: str) -> tuple[str, str]:
    """Take ``FILE.py:function`` or ``module:function`` apart."""
    where, _, name = source.rpartition(":")
    return where, name


def file_of_function(source: str) -> Path:
    """The file that a function stands in; nothing of it is run.

    Raises:
        ValueError: There is no such file or module.
    """
    module, _ = function_parts(source)
    if module.endswith(".py"):
        path = Path(module).expanduser()
        if not path.is_file():
            raise ValueError(f"{source}: there is no file {module}")
        return path
    try:
        found = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        found = None
    if found is None or found.origin is None or not Path(found.origin).is_file():
        raise ValueError(
            f"{source}: there is no module {module} that Python can import; of a file write "
            f"{module}.py:{function_parts(source)[1]}"
        )
    return Path(found.origin)


def _hashed(files: tuple[tuple[Path, str], ...]) -> str:
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
