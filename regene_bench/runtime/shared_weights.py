"""Weights that runs are judged by, made once for all who write to a results folder.

An extractor that is trained on the benchmark's images is another one wherever it is trained: the
sums of another number of threads, or of another device, round otherwise, and scores by other
weights are never ranked together. So the first call of a results folder keeps the weights there,
and all others, on whatever machine, judge by them.

They lie at ``<results>/shared/<recipe>/<digest>.safetensors``, named by what is in them, and
``chosen`` beside them holds the digest of those that count.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from regene_bench.base.disk import told_of_disk
from regene_bench.base.errors import ResultsError
from regene_bench.base.files import stays_inside, sweep_abandoned, write_atomically

FOLDER = "shared"
_CHOSEN = "chosen"
_SUFFIX = ".safetensors"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_KEEPING = "keep the weights that runs are judged by in"

Tensors = Mapping[str, torch.Tensor]
"""Tensors by name, as ``Module.state_dict`` gives them."""


@dataclass(frozen=True)
class SharedWeights:
    """The weights that the runs of a results folder are judged by, of one recipe.

    Attributes:
        results: The results folder.
        recipe: Names what is trained, on what data and how: other data, another recipe. It is the
            name of a folder.
    """

    results: Path
    recipe: str

    @property
    def folder(self) -> Path:
        """Where they lie."""
        return self.results / FOLDER / self.recipe

    @property
    def chosen(self) -> str | None:
        """The digest of the weights that count, or ``None`` where there are none yet."""
        path = self.folder / _CHOSEN
        if not stays_inside(path, self.results):
            return None
        try:
            text = path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return None
        return text if _DIGEST.fullmatch(text) else None

    def find(self, like: Tensors) -> Tensors | None:
        """Read the weights that count; ``None`` if there are none, or damaged ones."""
        digest = self.chosen
        return None if digest is None else self._read(digest, like)

    def lend(self, like: Tensors, make: Callable[[], Tensors]) -> Tensors:
        """Give the weights that this folder judges by; where it has none yet, make them.

        Args:
            like: Tensors of the names, shapes and types that they must have.
            make: Trains them, or finds them in a cache. Not called where the folder has them.

        Raises:
            ResultsError: The folder's rows were judged by weights that are gone or damaged, and
                those that are made here are others; or it cannot be written.
        """
        digest, found = self.chosen, self.find(like)
        if found is not None:
            return found
        made = make()
        own = hash_weights(made)
        if digest is None:
            self._keep(own, made)
            digest = self._choose(own)
        elif digest == own:
            self._keep(own, made)
        if digest == own:
            return made
        found = self._read(digest, like)
        if found is None:
            raise ResultsError(
                f"{self._path(digest)} is missing or damaged, and what is trained here is another "
                f"network ({own[:8]}): its scores cannot be ranked with those that {digest[:8]} "
                "gave.",
                hint="Copy that file anew from where it is whole, or use another results folder.",
            )
        return found

    def take(self, tensors: Tensors, *, counts: bool) -> None:
        """Keep weights from elsewhere.

        Args:
            tensors: They.
            counts: Whether they are to judge here, unless others do already.

        Raises:
            ResultsError: They cannot be written.
        """
        digest = hash_weights(tensors)
        self._keep(digest, tensors)
        if counts:
            self._choose(digest)

    def _path(self, digest: str) -> Path:
        return self.folder / (digest + _SUFFIX)

    def _read(self, digest: str, like: Tensors) -> Tensors | None:
        path = self._path(digest)
        found = read_weights(path) if stays_inside(path, self.results) else None
        return found if found is not None and _form(found) == _form(like) else None

    def _keep(self, digest: str, tensors: Tensors) -> None:
        own = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        with told_of_disk(_KEEPING, self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            sweep_abandoned(self.folder)
            write_atomically(self._path(digest), save(own, {"recipe": self.recipe}))

    def _choose(self, digest: str) -> str:
        """Have these weights count, unless somebody was quicker; returns those that do."""
        path = self.folder / _CHOSEN
        beside = path.with_name(f".{_CHOSEN}.{secrets.token_hex(6)}.tmp")
        with told_of_disk(_KEEPING, self.folder):
            try:
                beside.write_text(digest + "\n", encoding="ascii")
                try:
                    # in this step one of many comes first, even where locks are not kept
                    os.link(beside, path)
                except OSError:  # somebody was quicker, or the file system has no links
                    if self.chosen is None:
                        beside.replace(path)
            finally:
                with suppress(OSError):
                    beside.unlink(missing_ok=True)
        return self.chosen or digest


def read_weights(path: Path) -> Tensors | None:
    """Read weights whose file is named by their digest; ``None`` if they are not those."""
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, ValueError):
        return None
    return tensors if hash_weights(tensors) == path.stem else None


def hash_weights(tensors: Tensors) -> str:
    """The SHA-256 (hex) of tensors: their names in order, each with its values as bytes."""
    digest = hashlib.sha256()
    for name, value in sorted(tensors.items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _form(tensors: Tensors) -> dict[str, tuple[torch.dtype, torch.Size]]:
    return {name: (tensor.dtype, tensor.shape) for name, tensor in tensors.items()}


def weights_files(results: Path) -> list[Path]:
    """List the files of shared weights in a results folder, sorted; links out are left out."""
    found = sorted((results / FOLDER).glob(f"*/*{_SUFFIX}"))
    return [path for path in found if stays_inside(path, results) and path.is_file()]


def shared_files(results: Path) -> list[Path]:
    """List all that others need to be judged alike, sorted: the weights, and which of them count.

    Locks are left out.
    """
    chosen = {path.parent / _CHOSEN for path in weights_files(results)}
    return sorted([*weights_files(results), *(path for path in chosen if path.is_file())])


def copy_weights(folders: Sequence[Path], into: Path) -> list[str]:
    """Copy all shared weights of results folders into another; the first one's count there.

    Args:
        folders: Results folders.
        into: Another.

    Returns:
        The recipes of which several weights judged: their scores are not ranked together.

    Raises:
        ResultsError: They cannot be written.
    """
    digests: dict[str, set[str]] = {}
    for folder in folders:
        for path in weights_files(folder):
            tensors = read_weights(path)
            if tensors is None:  # `regene-bench verify` names it
                continue
            theirs = SharedWeights(folder, path.parent.name)
            SharedWeights(into, theirs.recipe).take(tensors, counts=theirs.chosen == path.stem)
            digests.setdefault(theirs.recipe, set()).add(path.stem)
    return sorted(recipe for recipe, several in digests.items() if len(several) > 1)
