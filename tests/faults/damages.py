"""Files that are damaged after they were written, and what is made of them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from regene_bench.base.errors import RegeneBenchError
from regene_bench.base.paths import cache_dir
from regene_bench.data.decoded_cache import load_cached, store
from regene_bench.data.fingerprint import fingerprint
from regene_bench.data.source import ImageSet
from regene_bench.harness.force import Repetition
from regene_bench.harness.model_description import read_description
from regene_bench.harness.run_description import read_run_file
from regene_bench.harness.verification import look_at_caches, look_at_results
from regene_bench.leaderboard import reading
from regene_bench.leaderboard.parts import read_parts
from regene_bench.plugins.host import PluginHost, load_plugins
from regene_bench.runtime.checkpoints import CheckpointStore

NOT_BELIEVED = "not believed"
_KEY = "k" * 40


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        name: What it is called.
        path: One of them.
        read: Reads it as the program does: the content as text, or ``NOT_BELIEVED``.
    """

    name: str
    path: Path
    read: Callable[[], str]


@dataclass
class Damages:
    """How files fared.

    Attributes:
        tried: How many were damaged.
        equal: Of how many the content was what was written.
        passed_over: How many were not believed: made again, or refused with what to do.
        named: How many ``verify`` named.
        wrong: What else became of them.
    """

    tried: int = 0
    equal: int = 0
    passed_over: int = 0
    named: int = 0
    wrong: int = 0


def copy_from_the_first_part(patch: pytest.MonkeyPatch) -> None:
    """Have even a small leaderboard copied into the cache."""
    patch.setattr(reading, "WORTH_A_COPY", 1)


def kinds(results: Path) -> list[Kind]:
    """One file of each kind: of a campaign that has ended, and of the cache.

    A leaderboard must be worth a copy from its first part on (``copy_from_the_first_part``).

    Args:
        results: The campaign's folder; files that it does not leave are put there, too.
    """
    cache = cache_dir()
    run = sorted(results.glob("runs/*/checkpoints"))[0].parent
    checkpoint = next((run / "checkpoints").iterdir())
    part = next(results.glob(f"leaderboard/*/{run.name}.parquet"))
    classifier = next(cache.glob("neutral/*/neutral classifier.safetensors"))
    CheckpointStore(cache / "features").save("net", {"features": torch.rand(60, 9), "logits": None})
    features = cache / "features" / "net.safetensors"
    images = np.arange(1280, dtype=np.uint8).reshape(20, 1, 8, 8)
    split = ImageSet(images, np.arange(20) % 10, tuple("abcdefghij"))
    store(_KEY, split, split, fingerprint(split, split))
    runs = sorted(path.name for path in (results / "runs").iterdir())
    repetition = Repetition(results, runs)
    repetition.begin([])
    repetition.done(runs[0])
    note = next((results / ".repeating").glob("*.json"))
    rows = partial(_rows, results)
    rows()
    decoded = cache / "decoded" / _KEY
    return [
        Kind("part", part, rows),
        Kind("run.json", run / "run.json", partial(_told, read_run_file, run)),
        Kind("model.json", run / "model.json", partial(_told, read_description, run)),
        Kind("checkpoint", checkpoint, partial(_tensors, checkpoint)),
        Kind("note of --force", note, partial(_left, results, runs)),
        Kind("features", features, partial(_tensors, features)),
        Kind("neutral classifier", classifier, partial(_tensors, classifier)),
        Kind("decoded images", decoded / "train_images.npy", _decoded),
        Kind("decoded labels", decoded / "train_labels.npy", _decoded),
        Kind("decoded, its names", decoded / "meta.json", _decoded),
        Kind("copy of the board", next((cache / "leaderboards").glob("*.arrow")), rows),
    ]


def damaged(content: bytes, how: str, places: int, rng: random.Random) -> Iterator[bytes]:
    """Yield a file's content cut off, or with one bit flipped; half of the flips in its head."""
    for number in range(places):
        end = min(len(content), 200) if how == "flipped" and number % 2 else len(content)
        place = rng.randrange(end)
        if how == "truncated":
            yield content[:place]
        else:
            byte = content[place] ^ (1 << rng.randrange(8))
            yield content[:place] + bytes([byte]) + content[place + 1 :]


def damage(kind: Kind, results: Path, how: str, places: int, rng: random.Random) -> Damages:
    """Damage one file at one place after the other, and read it each time."""
    found, host = Damages(), load_plugins()
    whole = kind.path.read_bytes()
    expected = kind.read()
    for content in damaged(whole, how, places, rng):
        kind.path.write_bytes(content)
        found.tried += 1
        found.named += _is_named(kind.path, results, host)
        kind.path.write_bytes(content)  # copies are mended by whoever looks
        try:
            read = kind.read()
        except Exception as error:
            read = repr(error)
        found.equal += read == expected
        found.passed_over += read == NOT_BELIEVED
        found.wrong += read not in (expected, NOT_BELIEVED)
        kind.path.write_bytes(whole)
    return found


def _is_named(path: Path, results: Path, host: PluginHost) -> bool:
    looked = [*look_at_caches(host), *look_at_results(results)]
    return any(one.damage and (path == one.path or path.parent == one.path) for one in looked)


def _rows(results: Path) -> str:
    table, bad = read_parts(results)
    return NOT_BELIEVED if bad else str(sorted(map(str, table.to_pylist())))


def _left(results: Path, runs: list[str]) -> str:
    left = Repetition(results, runs).left
    return NOT_BELIEVED if left == set(runs) else str(sorted(left))


def _told(read: Callable[[Path], Any], run: Path) -> str:
    try:
        return str(read(run))
    except RegeneBenchError:
        return NOT_BELIEVED


def _tensors(path: Path) -> str:
    found = CheckpointStore(path.parent).load(path.stem)
    return NOT_BELIEVED if found is None else _exactly(found)


def _exactly(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        return f"{value.dtype} {json.dumps(value.tolist())}"
    if isinstance(value, dict):
        return "".join(f"{key}: {_exactly(item)}\n" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return "".join(map(_exactly, value))
    return repr(value)


def _decoded() -> str:
    found = load_cached(_KEY)
    if found is None:
        return NOT_BELIEVED
    sets = [(s.images.tolist(), s.labels.tolist(), s.class_names) for s in found[:2]]
    return repr((sets, found[2]))
