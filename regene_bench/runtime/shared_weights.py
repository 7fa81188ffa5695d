"""Weights that runs are judged by, made once for all who write to a results folder.

An extractor that is trained on the benchmark's images is another one wherever it is trained: the
sums of another number of threads, or of another device, round otherwise, and scores by other
weights are never ranked together. So the first call of a results folder keeps the weights there,
and all others, on whatever machine, judge by them.

They lie at ``<results>/shared/<recipe>/<digest>.safetensors``, named by what is in them, and
``chosen`` beside them holds the digest of those that count.

torch is imported on first use: to copy weights, which a site of pages does, takes none.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from safetensors import SafetensorError, deserialize

from regene_bench.base.disk import disk_error, told_of_disk
from regene_bench.base.errors import ResultsError
from regene_bench.base.files import stays_inside, sweep_abandoned, write_atomically

if TYPE_CHECKING:
    import torch

FOLDER = "shared"
CHOSEN = "chosen"
_SUFFIX = ".safetensors"
_DIGEST = re.compile(r"[0-9a-f]{64}")
# also a folder's name, and a part of an address, in what strangers give away
_RECIPE = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_KEEPING = "keep the weights that runs are judged by in"
# what a stranger's folder may make others read
_LARGEST = 1 << 30
_LONGEST_NOTE = 200

Tensors: TypeAlias = "Mapping[str, torch.Tensor]"
"""Tensors by name, as ``Module.state_dict`` gives them."""


@dataclass(frozen=True)
class SharedWeights:
    """The weights that the runs of a results folder are judged by, of one recipe.

    Attributes:
        results: The results folder.
        recipe: Names what is trained, on what data and how: other data, another recipe. It is the
            name of a folder: small letters, digits, dots, dashes and underscores.

    Raises:
        ValueError: The recipe is no such name.
    """

    results: Path
    recipe: str

    def __post_init__(self) -> None:
        if not _RECIPE.fullmatch(self.recipe):
            raise ValueError(f"{self.recipe!r:.120} cannot be the name of a recipe of weights")

    @property
    def folder(self) -> Path:
        """Where they lie.

        Raises:
            ResultsError: It is a link to somewhere else: results come from anybody, and nothing
                outside of them is read or changed.
        """
        folder = self.results / FOLDER / self.recipe
        if not stays_inside(folder, self.results):
            raise ResultsError(
                f"{folder} leads out of the results folder, by a link.",
                hint="Put a folder in the link's place, with what it leads to.",
            )
        return folder

    @property
    def chosen(self) -> str | None:
        """The digest of the weights that count, or ``None`` where there are none yet.

        Raises:
            ResultsError: Which they are cannot be read.
        """
        path = self.folder / CHOSEN
        try:
            if not path.is_file() or not stays_inside(path, self.results):
                return None
            with path.open("rb") as file:
                text = file.read(_LONGEST_NOTE).decode("ascii", errors="replace").strip()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise disk_error("read", path, error) from error
        return text if _DIGEST.fullmatch(text) else None

    def find(self, like: Tensors) -> Tensors | None:
        """Read the weights that count; ``None`` if there are none, or damaged ones.

        Args:
            like: As of ``lend``.

        Raises:
            ResultsError: Which they are cannot be read.
        """
        digest = self.chosen
        return None if digest is None else self._read(digest, like)

    def lend(self, like: Tensors, make: Callable[[], Tensors]) -> Tensors:
        """Give the weights that this folder judges by; where it has none yet, make them.

        Args:
            like: Tensors of the names, shapes and types that they must have.
            make: Trains them, or finds them in a cache. Not called where the folder has them.

        Raises:
            ResultsError: The folder's rows were judged by weights that are gone or damaged, and
                those that are made here are others; or it cannot be read or written.
        """
        if self.chosen is None:
            self._choose_the_only_one(like)
        found = self.find(like)
        if found is not None:
            return found
        digest = self.chosen
        made = make()
        own = hash_weights(made)
        if digest in (None, own):
            self._keep(own, _file_of(made, self.recipe))
        if digest is None:
            digest = self._choose(own)
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
        self.take_file(hash_weights(tensors), _file_of(tensors, self.recipe), counts=counts)

    def take_file(self, digest: str, content: bytes, *, counts: bool) -> None:
        """Keep weights from elsewhere, as ``whole_file_of`` gives them.

        Args:
            digest: Theirs.
            content: The file.
            counts: As of ``take``.

        Raises:
            ResultsError: They cannot be written.
        """
        if whole_file_of(self._path(digest)) is None:
            self._keep(digest, content)
        if counts:
            self._choose(digest)

    def _path(self, digest: str) -> Path:
        return self.folder / (digest + _SUFFIX)

    def _read(self, digest: str, like: Tensors) -> Tensors | None:
        path = self._path(digest)
        found = read_weights(path) if stays_inside(path, self.results) else None
        return found if found is not None and _form(found) == _form(like) else None

    def _keep(self, digest: str, content: bytes) -> None:
        with told_of_disk(_KEEPING, self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            sweep_abandoned(self.folder)
            write_atomically(self._path(digest), content)

    def _choose_the_only_one(self, like: Tensors) -> None:
        """Have weights count again whose note was lost, or whose maker was ended before it."""
        there = [path for path in weights_files(self.results) if path.parent == self.folder]
        whole = [path for path in there if self._read(path.stem, like) is not None]
        if len(whole) == 1:
            self._choose(whole[0].stem)

    def _choose(self, digest: str) -> str:
        """Have these weights count, unless somebody was quicker; returns those that do."""
        path, note = self.folder / CHOSEN, f"{digest}\n".encode("ascii")
        beside = path.with_name(f".{CHOSEN}.{secrets.token_hex(6)}.tmp")
        with told_of_disk(_KEEPING, self.folder):
            if self.chosen is None and path.is_file():
                path.unlink()  # of something else, or cut off
            write_atomically(beside, note)
            try:
                # in this step one of many comes first, even where locks are not kept
                os.link(beside, path)
            except FileExistsError:
                pass
            except OSError:  # a file system without links
                with suppress(FileExistsError), path.open("xb") as file:
                    file.write(note)
            finally:
                beside.unlink(missing_ok=True)
        return self.chosen or digest


def read_weights(path: Path) -> Tensors | None:
    """Read weights whose file is named by their digest; ``None`` if they are not those."""
    from safetensors.torch import load

    content = whole_file_of(path)
    try:
        return None if content is None else load(content)
    except (KeyError, SafetensorError, ValueError):  # of a type that torch does not have
        return None


def whole_file_of(path: Path) -> bytes | None:
    """Read the file of weights that are named by their digest; ``None`` if they are not those."""
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return None
        content = path.read_bytes()
        tensors = deserialize(content)  # type: ignore[no-untyped-call]
    except (OSError, SafetensorError, ValueError):
        return None
    values = {name: bytes(tensor["data"]) for name, tensor in tensors}
    return content if _digest_of(values) == path.stem else None


def hash_weights(tensors: Tensors) -> str:
    """The SHA-256 (hex) of tensors: their names in order, each with its values as bytes."""
    import torch

    own = {name: value.detach().cpu().contiguous().reshape(-1) for name, value in tensors.items()}
    return _digest_of({name: v.view(torch.uint8).numpy().tobytes() for name, v in own.items()})


def _digest_of(values: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, value in sorted(values.items()):
        digest.update(name.encode())
        digest.update(value)
    return digest.hexdigest()


def _file_of(tensors: Tensors, recipe: str) -> bytes:
    from safetensors.torch import save

    own = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    content: bytes = save(own, {"recipe": recipe})
    return content


def _form(tensors: Tensors) -> dict[str, tuple[torch.dtype, torch.Size]]:
    return {name: (tensor.dtype, tensor.shape) for name, tensor in tensors.items()}


def weights_files(results: Path) -> list[Path]:
    """List the files of shared weights in a results folder, sorted.

    What leads out of the folder, is no file or has names of another form is left out.
    """
    return [
        path
        for path in sorted((results / FOLDER).glob(f"*/*{_SUFFIX}"))
        if _RECIPE.fullmatch(path.parent.name)
        and _DIGEST.fullmatch(path.stem)
        and stays_inside(path, results)
        and path.is_file()
    ]


def chosen_weights(results: Path) -> dict[str, str]:
    """The digests of the weights that count in a results folder, by recipe.

    Raises:
        ResultsError: Which they are cannot be read.
    """
    recipes = sorted({path.parent.name for path in weights_files(results)})
    found = {recipe: SharedWeights(results, recipe).chosen for recipe in recipes}
    return {recipe: digest for recipe, digest in found.items() if digest is not None}


def shared_files(results: Path) -> list[Path]:
    """List all that others need to be judged alike, sorted: the weights, and which of them count.

    Locks are left out.
    """
    weights = weights_files(results)
    notes = {path.parent / CHOSEN for path in weights}
    return sorted([*weights, *(path for path in notes if path.is_file())])


def copy_weights(
    folders: Sequence[Path], into: Path, judges: Collection[str | None]
) -> dict[str, set[str]]:
    """Copy the weights that judged some rows into another results folder.

    There those count that do in the first of the folders, unless others do already.

    Args:
        folders: Results folders.
        into: Another.
        judges: Digests that stand in the rows.

    Returns:
        Digests of what was copied, by recipe; rows of several of one recipe do not compare.

    Raises:
        ResultsError: They cannot be read or written.
    """
    copied: dict[str, set[str]] = {}
    for folder in folders:
        for path in weights_files(folder):
            content = whole_file_of(path) if path.stem in judges else None
            if content is None:  # of other rows, or damaged: `regene-bench verify` names it
                continue
            theirs = SharedWeights(folder, path.parent.name)
            shared = SharedWeights(into, theirs.recipe)
            shared.take_file(path.stem, content, counts=theirs.chosen == path.stem)
            copied.setdefault(theirs.recipe, set()).add(path.stem)
    for recipe, digests in copied.items():
        shared = SharedWeights(into, recipe)
        if shared.chosen is None:
            content = whole_file_of(shared.folder / (min(digests) + _SUFFIX))
            assert content is not None
            shared.take_file(min(digests), content, counts=True)
    return copied
