"""A mirror follows its store: what changed is fetched, nothing else; what goes up goes up whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from regene_bench.stores.local_store import LocalStore
from regene_bench.stores.mirror import Mirror, Pulled, Superseded
from regene_bench.stores.opening import open_store
from regene_bench.stores.store import StoreError

KEY = "leaderboard/digits/0123.parquet"
RUN = "0123456789ab"


class Counted(LocalStore):
    """A folder that counts what is read whole of it, and may be out of reach."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.gets: list[str] = []
        self.is_away = False

    def get(self, key: str) -> tuple[bytes, str] | None:
        self.gets.append(key)
        return super().get(key)

    def put_if_absent(self, key: str, content: bytes) -> str | None:
        if self.is_away:
            raise StoreError("there is no answer")
        return super().put_if_absent(key, content)

    @contextmanager
    def reading(self) -> Iterator[list[str]]:
        """What is read in the block, sorted when it ends."""
        self.gets.clear()
        read: list[str] = []
        yield read
        read += sorted(self.gets)


@pytest.fixture
def counted(tmp_path: Path) -> Counted:
    return Counted(tmp_path / "a store")


def mirror_on(store: LocalStore, root: Path) -> Mirror:
    return Mirror(store, root, root.name)


@pytest.fixture
def mirror(counted: Counted, tmp_path: Path) -> Mirror:
    return mirror_on(counted, tmp_path / "ours")


@pytest.fixture
def other(counted: Counted, tmp_path: Path) -> Mirror:
    """The mirror of another machine."""
    return mirror_on(counted, tmp_path / "theirs")


def test_parts_are_fetched_once_and_again_when_they_change(
    counted: Counted, mirror: Mirror
) -> None:
    keys = [f"leaderboard/digits/{number}.parquet" for number in range(5)]
    for key in keys:
        counted.put(key, key.encode())
    assert mirror.pull() == Pulled(total=5, fetched=5, removed=0)
    assert [(mirror.folder / key).read_bytes() for key in keys] == [k.encode() for k in keys]
    with counted.reading() as read:
        assert mirror.pull() == Pulled(total=5, fetched=0, removed=0)
    assert read == []
    counted.put(keys[2], b"another")
    with counted.reading() as read:
        assert mirror.pull() == Pulled(total=5, fetched=1, removed=0)
    assert read == [keys[2]]
    assert (mirror.folder / keys[2]).read_bytes() == b"another"


def test_it_follows_a_store_of_each_kind(address: str, tmp_path: Path) -> None:
    ours, theirs = (Mirror(open_store(address), tmp_path / n, n) for n in ("ours", "theirs"))
    ours.pull()
    ours.put_part(KEY, b"a part")
    assert theirs.pull() == Pulled(1, 1, 0)
    assert (theirs.folder / KEY).read_bytes() == b"a part"
    assert (theirs.pull(), ours.pull()) == (Pulled(1, 0, 0), Pulled(1, 0, 0))
    theirs.put_part(KEY, b"another")
    with pytest.raises(Superseded):
        ours.put_part(KEY, b"a third")
    assert ours.pull() == Pulled(1, 1, 0)
    assert (ours.folder / KEY).read_bytes() == b"another"


def test_what_is_gone_from_the_store_goes(counted: Counted, mirror: Mirror) -> None:
    counted.put(KEY, b"a part")
    mirror.pull()
    counted.delete(KEY)
    assert mirror.pull() == Pulled(total=0, fetched=0, removed=1)
    assert not (mirror.folder / KEY).exists()


def test_a_file_that_is_not_what_was_fetched_is_fetched_again(
    counted: Counted, mirror: Mirror
) -> None:
    counted.put(KEY, b"a part")
    mirror.pull()
    (mirror.folder / KEY).write_bytes(b"edited")
    assert mirror.pull().fetched == 1
    assert (mirror.folder / KEY).read_bytes() == b"a part"
    (mirror.folder / KEY).unlink()
    assert mirror.pull().fetched == 1


def test_objects_that_are_no_parts_stay_where_they_are(counted: Counted, mirror: Mirror) -> None:
    for key in ("leaderboard/a.parquet", "leaderboard/x/y/a.parquet", "leaderboard/x/a.txt"):
        counted.put(key, b"x")
    assert mirror.pull() == Pulled(0, 0, 0)


def test_a_part_is_on_the_store_before_it_is_here(counted: Counted, mirror: Mirror) -> None:
    counted.is_away = True
    with pytest.raises(StoreError):
        mirror.put_part(KEY, b"a part")
    assert not (mirror.folder / KEY).exists()
    counted.is_away = False
    mirror.put_part(KEY, b"a part")
    assert (mirror.folder / KEY).read_bytes() == b"a part"
    with counted.reading() as read:
        mirror.pull()
    assert read == []


def test_nobody_elses_part_is_replaced(counted: Counted, mirror: Mirror, other: Mirror) -> None:
    mirror.pull()
    other.put_part(KEY, b"theirs")
    with pytest.raises(Superseded):
        mirror.put_part(KEY, b"ours")
    assert counted.get(KEY) is not None
    assert not (mirror.folder / KEY).exists()
    mirror.pull_part(KEY)
    assert (mirror.folder / KEY).read_bytes() == b"theirs"
    mirror.put_part(KEY, b"ours, and theirs")
    other.pull_part(KEY)
    assert (other.folder / KEY).read_bytes() == b"ours, and theirs"


def write(mirror: Mirror, name: str, content: str) -> None:
    path = mirror.folder / "runs" / RUN / name
    path.parent.mkdir(parents=True, exist_ok=True)
    # another file, as all that writes checkpoints makes one
    path.unlink(missing_ok=True)
    path.write_text(content)


def files(mirror: Mirror) -> dict[str, str]:
    root = mirror.folder / "runs" / RUN
    found = [path for path in root.rglob("*") if path.is_file()]
    return {path.relative_to(root).as_posix(): path.read_text() for path in sorted(found)}


def test_checkpoints_go_up_and_come_down_elsewhere(mirror: Mirror, other: Mirror) -> None:
    write(mirror, "checkpoints/a.safetensors", "stage a")
    write(mirror, "run.json", "{}")
    write(mirror, "lock", "")
    write(mirror, "checkpoints/.b.safetensors.0123.tmp", "half")
    assert mirror.push_run(RUN) == len("stage a{}")
    assert mirror.push_run(RUN) == 0
    other.pull_run(RUN)
    assert files(other) == {"checkpoints/a.safetensors": "stage a", "run.json": "{}"}


def test_what_this_machine_has_trained_since_is_kept(mirror: Mirror) -> None:
    write(mirror, "checkpoints/a.safetensors", "step 10")
    mirror.push_run(RUN)
    write(mirror, "checkpoints/a.safetensors", "step 20")
    write(mirror, "checkpoints/b.safetensors", "step 1")
    mirror.pull_run(RUN)
    assert files(mirror) == {
        "checkpoints/a.safetensors": "step 20",
        "checkpoints/b.safetensors": "step 1",
    }


def test_what_others_have_trained_since_is_taken(mirror: Mirror, other: Mirror) -> None:
    write(mirror, "checkpoints/a.safetensors", "step 10")
    mirror.push_run(RUN)
    other.pull_run(RUN)
    write(mirror, "checkpoints/a.safetensors", "step 15, not pushed")
    write(mirror, "checkpoints/b.safetensors", "not pushed")
    write(other, "checkpoints/a.safetensors", "step 30")
    other.push_run(RUN)
    mirror.pull_run(RUN)
    assert files(mirror) == {"checkpoints/a.safetensors": "step 30"}


def test_who_was_taken_over_pushes_nothing_over_it(
    counted: Counted, mirror: Mirror, other: Mirror, tmp_path: Path
) -> None:
    write(mirror, "checkpoints/a.safetensors", "step 10")
    mirror.push_run(RUN)
    other.pull_run(RUN)
    write(other, "checkpoints/a.safetensors", "step 30")
    other.push_run(RUN)
    write(mirror, "checkpoints/a.safetensors", "step 20")
    with pytest.raises(Superseded):
        mirror.push_run(RUN)
    third = mirror_on(counted, tmp_path / "third")
    third.pull_run(RUN)
    assert files(third) == {"checkpoints/a.safetensors": "step 30"}


def test_a_run_that_is_repeated_leaves_no_earlier_stage(mirror: Mirror, other: Mirror) -> None:
    write(mirror, "checkpoints/a.safetensors", "old a")
    write(mirror, "checkpoints/b.safetensors", "old b")
    mirror.push_run(RUN)
    other.pull_run(RUN, anew=True)
    assert files(other) == {}
    write(other, "checkpoints/a.safetensors", "new a")
    other.push_run(RUN)
    mirror.pull_run(RUN)
    assert files(mirror) == {"checkpoints/a.safetensors": "new a"}


def test_a_note_that_a_kill_left_half_costs_a_fetch(counted: Counted, mirror: Mirror) -> None:
    counted.put(KEY, b"a part")
    mirror.pull()
    note = mirror.folder.parent / "parts.jsonl"
    note.write_bytes(note.read_bytes()[:-10])
    assert mirror.pull().fetched == 1
    assert mirror.pull().fetched == 0


def judge(mirror: Mirror, recipe: str, digest: str, content: bytes) -> None:
    folder = mirror.folder / "shared" / recipe
    folder.mkdir(parents=True)
    (folder / f"{digest}.safetensors").write_bytes(content)
    (folder / "chosen").write_text(f"{digest}\n")


def test_what_judges_runs_is_one_for_all(mirror: Mirror, other: Mirror) -> None:
    judge(mirror, "neutral", "a" * 64, b"weights")
    mirror.push_judges()
    mirror.push_judges()
    other.pull()
    folder = other.folder / "shared" / "neutral"
    assert (folder / f"{'a' * 64}.safetensors").read_bytes() == b"weights"
    assert (folder / "chosen").read_text() == "a" * 64 + "\n"


def test_who_was_slower_takes_what_the_first_judge_by(mirror: Mirror, other: Mirror) -> None:
    judge(mirror, "neutral", "a" * 64, b"weights")
    judge(other, "neutral", "b" * 64, b"other weights")
    mirror.push_judges()
    with pytest.raises(Superseded, match="judged by other weights"):
        other.push_judges()
    other.pull()
    assert (other.folder / "shared" / "neutral" / "chosen").read_text() == "a" * 64 + "\n"
    other.push_judges()
