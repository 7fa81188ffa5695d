"""A results folder in the user's cache that follows a store, and that all else works on.

Readers and writers know results folders; a mirror is one. What has changed on the store is fetched
into it, parts are put on the store before they are written here, and a run's files go up and come
down with its lease.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock

from regene_bench.base.disk import told_of_disk
from regene_bench.base.files import sweep_abandoned, sync_folder, whole_file, write_atomically
from regene_bench.leaderboard.places import FOLDER, SUFFIX
from regene_bench.leaderboard.rules import is_file_name
from regene_bench.runtime.shared_weights import CHOSEN, shared_files
from regene_bench.runtime.shared_weights import FOLDER as JUDGES
from regene_bench.stores.note import Copy, add_to_note, read_note, write_note
from regene_bench.stores.store import ResultsStore, Stored, StoreError

# a request spends its time waiting; the work of one is little
_AT_ONCE: Final = 32
_RUNS: Final = "runs"
_CHECKPOINTS: Final = "checkpoints"
_LOCK: Final = "lock"


class Superseded(StoreError):
    """An object on the store is not what this process had seen: others have written it."""


@dataclass(frozen=True)
class Pulled:
    """What a pull did.

    Attributes:
        total: Parts on the store.
        fetched: Those that were new or had changed.
        removed: Those of the mirror that are no more on the store.
    """

    total: int
    fetched: int
    removed: int


class Mirror:
    """The mirror of a store. One process may have several; all of them agree by a lock file.

    Args:
        store: What is mirrored.
        root: A folder of its own; results lie in ``results``, notes beside it.
        place: What tells this machine and mirror from others.

    Attributes:
        folder: The results folder.
    """

    def __init__(self, store: ResultsStore, root: Path, place: str) -> None:
        self.store = store
        self.place = place
        self.folder = root / "results"
        self._parts = root / "parts.jsonl"
        self._runs = root / "runs"
        self._lock = root / "parts.lock"

    def pull(self, fetched: Callable[[int, int], None] = lambda done, of: None) -> Pulled:
        """Fetch all parts that are new on the store, or have changed; remove those that are gone.

        Args:
            fetched: Is told how many of how many are here, now and then.

        Raises:
            StoreError: The store cannot be reached.
            ResultsError: The cache cannot be written to.
        """
        with self._noting() as note:
            listed = {s.key: s for s in self.store.list(FOLDER) if _is_part(s.key)}
            here = self._parts_here()
            wanted = [s for s in listed.values() if not _has(note, s, here.get(s.key))]
            gone = [key for key in here if key not in listed]
            for folder in {self.folder / key.rpartition("/")[0] for key in listed}:
                folder.mkdir(parents=True, exist_ok=True)
                sweep_abandoned(folder)
            for done, (key, copy) in enumerate(self._fetch_all(wanted), 1):
                if copy is None:  # gone since it was listed
                    note.pop(key, None)
                else:
                    note[key] = copy
                fetched(done, len(wanted))
            for key in gone:
                (self.folder / key).unlink(missing_ok=True)
            kept = {key: copy for key, copy in note.items() if key in listed}
            if wanted or gone or kept != note:
                write_note(self._parts, kept)
        self.pull_judges()
        return Pulled(len(listed), len(wanted), len(gone))

    def pull_judges(self) -> None:
        """Fetch the weights that runs are judged by, and which of them count.

        Raises:
            StoreError: The store cannot be reached.
            ResultsError: The cache cannot be written to.
        """
        listed = [s for s in self.store.list(JUDGES) if _judges(s.key)]
        # which of them count is fetched last, and by its content: it is less than a list tells of
        for stored in sorted(listed, key=lambda s: s.key.endswith(f"/{CHOSEN}")):
            path = self.folder / stored.key
            status = _status(path)
            if _is_weights(stored.key) and status is not None and status.st_size == stored.size:
                continue
            with told_of_disk("write to", path):
                path.parent.mkdir(parents=True, exist_ok=True)
                sweep_abandoned(path.parent)
                self._write(stored.key, self.store.get(stored.key))

    def push_judges(self) -> None:
        """Put the weights that runs are judged by here on the store, where it has none.

        Raises:
            Superseded: Others judge by other weights.
            StoreError: The store cannot be reached.
            ResultsError: The cache cannot be read.
        """
        there = {stored.key for stored in self.store.list(JUDGES)}
        files = shared_files(self.folder)
        for path in sorted(files, key=lambda path: path.name == CHOSEN):
            key = path.relative_to(self.folder).as_posix()
            if key in there and _is_weights(key):  # named by what is in them
                continue
            with told_of_disk("read", path):
                content = path.read_bytes()
            if self.store.put_if_absent(key, content) is not None or _is_weights(key):
                continue
            found = self.store.get(key)
            if found is None or found[0] != content:
                raise Superseded(
                    f"The runs of {self.store.address} are judged by other weights than those that "
                    "were trained here: scores could not be ranked together.",
                    hint="Call again: the weights that count are fetched, and taken.",
                )

    def pull_part(self, key: str) -> None:
        """Bring one part to what the store has.

        Args:
            key: ``leaderboard/<benchmark>/<run_id>.parquet``.

        Raises:
            StoreError: The store cannot be reached.
            ResultsError: The cache cannot be written to.
        """
        with self._noting() as note:
            stored, path = self.store.look(key), self.folder / key
            if stored is None:
                path.unlink(missing_ok=True)
            elif not _has(note, stored, _status(path)):
                path.parent.mkdir(parents=True, exist_ok=True)
                copy = self._write(key, self.store.get(key))
                if copy is not None:
                    add_to_note(self._parts, key, copy)

    def put_part(self, key: str, content: bytes) -> None:
        """Put a part on the store, then into the mirror, if it is there as it was seen last.

        Args:
            key: As of ``pull_part``.
            content: The part.

        Raises:
            Superseded: Others have put one since ``pull`` or ``pull_part``; nothing is changed.
            StoreError: The store cannot be reached; nothing is changed here.
            ResultsError: The cache cannot be written to; the part is on the store.
        """
        path = self.folder / key
        with self._noting() as note:
            seen = note.get(key) if path.exists() else None
            stamp = _put(self.store, key, content, seen and seen.stamp)
            path.parent.mkdir(parents=True, exist_ok=True)
            sweep_abandoned(path.parent, path.name)
            write_atomically(path, content)
            sync_folder(path.parent)
            add_to_note(self._parts, key, Copy.of(stamp, path.stat()))

    def pull_run(self, run_id: str, *, anew: bool = False) -> None:
        """Bring a run's files to what others have left on the store, if they have.

        What this mirror has left there itself is at most what it has; its own are kept then. For
        who holds the run's lease, or only reads.

        Args:
            run_id: The run.
            anew: Fetch nothing: what is on the store is replaced by the next ``push_run``.

        Raises:
            StoreError: The store cannot be reached.
            ResultsError: The cache cannot be written to.
        """
        folder, note_file = self.folder / _RUNS / run_id, self._note_of(run_id)
        prefix = f"{_RUNS}/{run_id}/"
        listed = {s.key.removeprefix(prefix): s for s in self.store.list(prefix.rstrip("/"))}
        note = read_note(note_file)
        same = {name: s.stamp for name, s in listed.items()} == {
            name: copy.stamp for name, copy in note.items()
        }
        if same:
            return
        with told_of_disk("write to", folder):
            if anew:
                write_note(note_file, {n: Copy(s.stamp, s.size) for n, s in listed.items()})
                return
            wanted = [
                s for n, s in listed.items() if not _has(note, s, _status(folder / n), name=n)
            ]
            for stored in wanted:
                (self.folder / stored.key).parent.mkdir(parents=True, exist_ok=True)
            fetched = self._fetch_all(wanted)
            note |= {key.removeprefix(prefix): c for key, c in fetched if c is not None}
            # a stage that others have not reached, or trained anew
            for name in _files_of(folder):
                if name.startswith(f"{_CHECKPOINTS}/") and name not in listed:
                    (folder / name).unlink(missing_ok=True)
            write_note(note_file, {n: copy for n, copy in note.items() if n in listed})

    def push_run(self, run_id: str) -> int:
        """Put a run's files on the store that have changed; for who holds its lease.

        Returns:
            How many bytes went up.

        Raises:
            Superseded: Others have put files of this run.
            StoreError: The store cannot be reached.
            ResultsError: The cache cannot be read or written.
        """
        folder, note_file = self.folder / _RUNS / run_id, self._note_of(run_id)
        note, pushed = read_note(note_file), 0
        with told_of_disk("read", folder):
            here = _files_of(folder)
            for name in [name for name in note if name not in here]:
                self.store.delete(f"{_RUNS}/{run_id}/{name}")
                del note[name]
                write_note(note_file, note)
            for name in here:
                try:
                    with (folder / name).open("rb") as file:
                        status = os.fstat(file.fileno())
                        seen = note.get(name)
                        if seen is not None and seen.is_still(status):
                            continue
                        content = file.read()
                except FileNotFoundError:  # replaced or removed meanwhile
                    continue
                key = f"{_RUNS}/{run_id}/{name}"
                stamp = _put(self.store, key, content, seen and seen.stamp)
                note[name] = Copy.of(stamp, status)
                add_to_note(note_file, name, note[name])
                pushed += len(content)
        return pushed

    def _fetch_all(self, wanted: Sequence[Stored]) -> Iterator[tuple[str, Copy | None]]:
        """Fetch objects; gives the key of each, and no copy of one that is gone since.

        Threads wait for the server, and one alone writes: of many, each small file costs them more
        time over whose turn it is than for itself.
        """
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            waiting: deque[tuple[str, Future[tuple[bytes, str] | None]]] = deque()
            for stored in wanted:
                waiting.append((stored.key, threads.submit(self.store.get, stored.key)))
                # what is fetched and not written yet lies in memory
                if len(waiting) == 2 * _AT_ONCE:
                    key, fetched = waiting.popleft()
                    yield key, self._write(key, fetched.result())
            for key, fetched in waiting:
                yield key, self._write(key, fetched.result())

    def _write(self, key: str, found: tuple[bytes, str] | None) -> Copy | None:
        """Write an object into the mirror, as the store gives it."""
        if found is None:
            return None
        content, stamp = found
        path = self.folder / key
        # what a power failure tears is seen by its seal, and fetched again by size or time
        with whole_file(path, synced=False) as file:
            file.write(content)
        return Copy.of(stamp, path.stat())

    def _parts_here(self) -> dict[str, os.stat_result]:
        found: dict[str, os.stat_result] = {}
        root = self.folder / FOLDER
        folders = [e.name for e in os.scandir(root) if e.is_dir()] if root.is_dir() else []
        for name in folders:
            for entry in os.scandir(root / name):
                key = f"{FOLDER}/{name}/{entry.name}"
                if _is_part(key):
                    found[key] = entry.stat()
        return found

    def _note_of(self, run_id: str) -> Path:
        return self._runs / f"{run_id}.jsonl"

    @contextmanager
    def _noting(self) -> Iterator[dict[str, Copy]]:
        """Read the note of parts while no other process of this mirror changes it."""
        with told_of_disk("write to", self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self._lock):
                yield read_note(self._parts)


def part_key(benchmark: str, run_id: str) -> str:
    """Where a run's part lies on a store, as in a results folder."""
    return f"{FOLDER}/{benchmark}/{run_id}{SUFFIX}"


def _judges(key: str) -> bool:
    """Whether an object is of the weights that runs are judged by."""
    parts = key.split("/")
    return (
        len(parts) == 3
        and parts[0] == JUDGES
        and all(map(is_file_name, parts[1:]))
        and (_is_weights(key) or parts[2] == CHOSEN)
    )


def _is_weights(key: str) -> bool:
    return key.endswith(".safetensors")


def _put(store: ResultsStore, key: str, content: bytes, seen: str | None) -> str:
    """Put an object that is as it was seen last, or was not there; returns its stamp."""
    stamp = (
        store.put_if_absent(key, content)
        if seen is None
        else store.put_if_unchanged(key, content, seen)
    )
    if stamp is None:
        raise Superseded(
            f"{store.address}/{key} was written by others meanwhile.",
            hint="Call again: what they have finished is kept.",
        )
    return stamp


def _is_part(key: str) -> bool:
    """Whether an object is where parts lie, under a name that is one here, too."""
    parts = key.split("/")
    return (
        len(parts) == 3
        and parts[0] == FOLDER
        and all(map(is_file_name, parts[1:]))
        and parts[2].endswith(SUFFIX)
        and not parts[2].startswith(".")
    )


def _has(
    note: dict[str, Copy], stored: Stored, status: os.stat_result | None, name: str = ""
) -> bool:
    """Whether the mirror has an object as it is on the store."""
    copy = note.get(name or stored.key)
    return copy is not None and copy.stamp == stored.stamp and copy.is_still(status)


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _files_of(folder: Path) -> list[str]:
    """Names of a run's files, those of earlier stages first; what is being written is left out."""
    found: list[tuple[int, str]] = []
    for where, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.endswith(".partial")]
        for name in names:
            path = Path(where, name)
            status = _status(path)
            if status is not None and not name.startswith(".") and path != folder / _LOCK:
                found.append((status.st_mtime_ns, path.relative_to(folder).as_posix()))
    return [name for _, name in sorted(found)]
