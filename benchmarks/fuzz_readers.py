"""Damage files of every kind that is read, and count how many of them end in a traceback.

Usage: ``python benchmarks/fuzz_readers.py [--examples 2000] [--seed 0]``. Prints a table; exits 1
if there is a traceback. The tests do the same with few examples (``tests/fuzzing``).
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.fuzzing import data_sets, files, formats, made, objects

Attempt = Callable[[st.DataObject], bool]


def attempts() -> Iterator[tuple[str, Attempt]]:
    """Everything that is tried, by name: True where input was read, False where it was refused."""
    for name, kind in files.KINDS.items():
        yield f"samples: {name}", _of_file(kind)
    for name, (kind, contents) in made.MADE.items():
        yield f"samples, made: {name}", _of_made(kind, contents)
    for name, (shape, files_) in data_sets.DATA_SETS.items():
        yield f"data set: {name}", _of_set(shape, files_)
    for name in formats.BY_NAME:
        yield f"format: {name}", _of_format(name)
    yield (
        "array or tensor of images",
        lambda data: objects.attempt_images(
            data.draw(objects.images()), resize=data.draw(st.booleans())
        ),
    )
    yield (
        "array or list of labels",
        lambda data: objects.attempt_labels(data.draw(objects.labels())),
    )


def _of_file(kind: files.Kind) -> Attempt:
    def attempt(data: st.DataObject) -> bool:
        content = data.draw(files.damage(kind.files[kind.damaged]))
        with tempfile.TemporaryDirectory() as folder:
            return files.attempt(kind, content, Path(folder))

    return attempt


def _of_made(kind: files.Kind, contents: st.SearchStrategy[bytes]) -> Attempt:
    def attempt(data: st.DataObject) -> bool:
        with tempfile.TemporaryDirectory() as folder:
            return files.attempt(kind, data.draw(contents), Path(folder))

    return attempt


def _of_set(shape: data_sets.ImageShape, contents: dict[str, bytes]) -> Attempt:
    def attempt(data: st.DataObject) -> bool:
        damaged = data.draw(st.sampled_from(sorted(contents)))
        content = data.draw(files.damage(contents[damaged]))
        with tempfile.TemporaryDirectory() as folder:
            return data_sets.attempt(shape, contents | {damaged: content}, Path(folder))

    return attempt


def _of_format(name: str) -> Attempt:
    def attempt(data: st.DataObject) -> bool:
        contents = formats.files_of(name)
        damaged = data.draw(st.sampled_from(formats.read_files(name)))
        content = data.draw(files.damage(contents[damaged]))
        with tempfile.TemporaryDirectory() as folder:
            one = formats.BY_NAME[name]
            return formats.attempt(one, {**contents, damaged: content}, Path(folder))

    return attempt


def count(attempt: Attempt, examples: int, first_seed: int) -> tuple[Counter[str], set[str]]:
    """Try so many inputs; return how many ended how, and the distinct tracebacks."""
    found: Counter[str] = Counter()
    tracebacks: set[str] = set()

    @seed(first_seed)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        # every input counts, so none is tried again to make it smaller
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def try_them(data: st.DataObject) -> None:
        try:
            found["read" if attempt(data) else "refused"] += 1
        except Exception as error:
            if type(error).__module__.startswith("hypothesis"):
                raise
            found["traceback"] += 1
            place = traceback.extract_tb(error.__traceback__)[-1]
            tracebacks.add(f"{type(error).__name__}: {error} ({place.filename}:{place.lineno})")

    try_them()
    return found, tracebacks


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--examples", type=int, default=2000, help="inputs of each kind")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--only", default="", help="kinds whose names have this in them")
    given_ = parser.parse_args()
    warnings.simplefilter("ignore")
    total: Counter[str] = Counter()
    all_tracebacks: set[str] = set()
    print(f"seed {given_.seed}")
    print("| what is damaged | tried | read | refused | tracebacks |\n|---|---|---|---|---|")
    for name, attempt in attempts():
        if given_.only not in name:
            continue
        found, tracebacks = count(attempt, given_.examples, given_.seed)
        numbers = (found.total(), found["read"], found["refused"], found["traceback"])
        print(f"| {name} | {' | '.join(map(str, numbers))} |", flush=True)
        total += found
        all_tracebacks |= {f"{name}: {text}" for text in tracebacks}
    numbers = (total.total(), total["read"], total["refused"], total["traceback"])
    print(f"| all | {' | '.join(map(str, numbers))} |")
    print("\n".join(sorted(all_tracebacks)))
    raise SystemExit(bool(all_tracebacks))


if __name__ == "__main__":
    main()
