"""Every file that lies on disk, read and held to what was written: nothing is changed.

Whatever reads a file checks it anyway. To look at all at once tells before a long call, or before
results are given away, what would be passed over or made again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regene_bench.base.errors import RegeneBenchError
from regene_bench.base.paths import cache_dir
from regene_bench.data.decoded_cache import load_cached
from regene_bench.harness.model_description import FILE, read_description
from regene_bench.harness.run_description import RUN_FILE, read_run_file
from regene_bench.leaderboard.parts import read_parts
from regene_bench.leaderboard.parts_cache import is_sound_copy
from regene_bench.leaderboard.places import part_files
from regene_bench.leaderboard.reading import BadPart, contradicts_itself, read_file
from regene_bench.plan.weights import known_weights, weights_path, weights_state
from regene_bench.plugins.host import PluginHost
from regene_bench.runtime.checkpoints import CheckpointStore
from regene_bench.runtime.shared_weights import SharedWeights, read_weights, weights_files

_COPIED_ANEW = "Copy it anew from where it is whole."
_MADE_AGAIN = "Remove it; it is made again when it is needed."


@dataclass(frozen=True)
class Looked:
    """A file, or a folder that is one entry of a cache, that was looked at.

    Attributes:
        path: Where it lies.
        damage: What is wrong with it; empty if nothing is.
        remedy: What to do about it.
    """

    path: Path
    damage: str = ""
    remedy: str = ""


def look_at_results(results: Path) -> Iterator[Looked]:
    """Look at parts, what judges runs, descriptions, checkpoints, and notes of repetitions.

    Args:
        results: A results folder.
    """
    contradicting = {part.path: part for part in read_parts(results)[1] if not _is_whole(part)}
    for path in part_files(results):
        found = read_file(path)
        bad = found if isinstance(found, BadPart) else contradicting.get(path)
        if bad is None and contradicts_itself(path):
            bad = BadPart(path, "other programs read other rows in it than regene-bench does")
        yield Looked(path) if bad is None else Looked(path, bad.reason, _remedy_of(bad))
    runs = results / "runs"
    for path in sorted(runs.glob(f"*/{RUN_FILE}")):
        yield Looked(path, _damage_told_by(read_run_file, path.parent), _MADE_AGAIN)
    for path in sorted(runs.glob(f"*/{FILE}")):
        damage = _damage_told_by(read_description, path.parent)
        yield Looked(path, damage, "Repeat its run with `--force`.")
    for path in sorted(runs.glob("*/checkpoints/*.safetensors")):
        remedy = "Remove it; that stage is trained from its beginning when the run is repeated."
        yield Looked(path, _damage_of_checkpoint(path), remedy)
    for path in weights_files(results):
        damage = "" if read_weights(path) else "its bytes are not those that its name says"
        yield Looked(path, damage, _COPIED_ANEW)
    for folder in sorted({path.parent for path in weights_files(results)}):
        chosen = SharedWeights(results, folder.name).chosen
        there = chosen is not None and (folder / f"{chosen}.safetensors").is_file()
        damage = "" if there else "it names no weights that are there"
        yield Looked(folder / "chosen", damage, _COPIED_ANEW)
    for path in sorted((results / ".repeating").glob("*.json")):
        remedy = "Remove it; `--force` then repeats all of its runs."
        yield Looked(path, _damage_of_json(path, _is_note), remedy)


def look_at_caches(host: PluginHost) -> Iterator[Looked]:
    """Look at decoded data, features, trained extractors, copies of leaderboards, and weights.

    Args:
        host: Knows which weights there are.
    """
    cache = cache_dir()
    for pattern in ("features/*.safetensors", "neutral/*/*.safetensors"):
        for path in sorted(cache.glob(pattern)):
            yield Looked(path, _damage_of_checkpoint(path), _MADE_AGAIN)
    for path in sorted(p for p in (cache / "decoded").glob("*") if not p.name.startswith(".")):
        damage = "" if load_cached(path.name) else "its pixels are not those that were decoded"
        yield Looked(path, damage, _MADE_AGAIN)
    for path in sorted((cache / "leaderboards").glob("*.arrow")):
        damage = "" if is_sound_copy(path) else "damaged, or of another version"
        yield Looked(path, damage, _MADE_AGAIN)
    for known in known_weights(host):
        state = weights_state(known.file)
        if state != "missing":
            damage = "its SHA-256 is another" if state == "corrupt" else ""
            remedy = f"Run `regene-bench weights fetch {known.file.name}`."
            yield Looked(weights_path(known.file), damage, remedy)


def _is_whole(part: BadPart) -> bool:
    """Whether a file is only said to be bad by itself, which reading it alone tells as well."""
    return not part.contradicts


def _remedy_of(part: BadPart) -> str:
    if part.contradicts:
        return "`regene-bench reproduce RUN` tells which of two values stands; remove the other."
    if part.newer:
        return "Upgrade regene-bench."
    return "Remove it, and do its run again, or copy it anew from where it is whole."


def _damage_of_checkpoint(path: Path) -> str:
    told: list[str] = []
    CheckpointStore(path.parent).load(path.stem, told.append)
    return "; ".join(told)


def _damage_told_by(read: Callable[[Path], Any], folder: Path) -> str:
    try:
        read(folder)
    except RegeneBenchError as error:
        return error.message
    return ""


def _is_note(found: Any) -> bool:
    # older versions noted the list alone
    return isinstance(found if isinstance(found, list) else found["left"], list)


def _damage_of_json(path: Path, holds: Callable[[Any], bool]) -> str:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return "" if holds(found) else "it is of something else"
    except OSError as error:
        return f"it cannot be read: {error.strerror or error}"
    except (ValueError, LookupError, TypeError):
        return "it is not what was written"
