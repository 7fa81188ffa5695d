"""What every store does, whatever it is made of."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from regene_bench.stores.store import ResultsStore, StoreError, check_conditions

KEY = "leaderboard/digits/0123.parquet"


def test_what_is_put_is_there_whole(store: ResultsStore) -> None:
    content = bytes(range(256)) * 1000
    stamp = store.put(KEY, content)
    assert store.get(KEY) == (content, stamp)
    found = store.look(KEY)
    assert found is not None
    assert (found.key, found.stamp, found.size) == (KEY, stamp, 256_000)


def test_what_is_not_there_is_none(store: ResultsStore) -> None:
    assert store.get(KEY) is None
    assert store.look(KEY) is None
    assert store.list("leaderboard") == []
    store.delete(KEY)


def test_a_stamp_is_another_after_every_change(store: ResultsStore) -> None:
    stamps = [store.put(KEY, content) for content in (b"a", b"b", b"cc")]
    assert len(set(stamps)) == 3
    assert [stored.stamp for stored in store.list("")] == stamps[-1:]


def test_a_list_has_all_below_a_folder_in_order_and_nothing_beside_it(store: ResultsStore) -> None:
    for key in ("runs/01/b", "runs/01/a/c", "runs/012/b", "run", "leases/01.json"):
        store.put(key, key.encode())
    assert [(s.key, s.size) for s in store.list("runs/01")] == [
        ("runs/01/a/c", 11),
        ("runs/01/b", 9),
    ]
    assert [s.key for s in store.list("")] == [
        *("leases/01.json", "run", "runs/01/a/c", "runs/01/b", "runs/012/b")
    ]


def test_lists_are_longer_than_a_page(store: ResultsStore) -> None:
    keys = [f"leaderboard/digits/{number:04d}.parquet" for number in range(1001)]
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda key: store.put(key, b"x"), keys))
    assert [stored.key for stored in store.list("leaderboard")] == keys


def test_put_if_absent_puts_once(store: ResultsStore) -> None:
    stamp = store.put_if_absent(KEY, b"first")
    assert stamp is not None
    assert store.put_if_absent(KEY, b"second") is None
    assert store.get(KEY) == (b"first", stamp)


def test_put_if_unchanged_needs_the_stamp_of_what_is_there(store: ResultsStore) -> None:
    first = store.put(KEY, b"first")
    second = store.put_if_unchanged(KEY, b"second", first)
    assert second not in (None, first)
    assert store.put_if_unchanged(KEY, b"third", first) is None
    assert store.get(KEY) == (b"second", second)
    assert store.put_if_unchanged(KEY, b"third", str(second)) is not None


def test_what_is_gone_is_not_unchanged(store: ResultsStore) -> None:
    stamp = store.put(KEY, b"first")
    store.delete(KEY)
    assert store.put_if_unchanged(KEY, b"second", stamp) is None
    assert store.get(KEY) is None


def test_of_many_at_once_one_puts(store: ResultsStore) -> None:
    with ThreadPoolExecutor(16) as threads:
        first = list(threads.map(lambda n: store.put_if_absent(KEY, b"%d" % n), range(32)))
    (stamp,) = [stamp for stamp in first if stamp is not None]
    with ThreadPoolExecutor(16) as threads:
        second = list(
            threads.map(lambda n: store.put_if_unchanged(KEY, b"again %d" % n, stamp), range(32))
        )
    (last,) = [stamp for stamp in second if stamp is not None]
    found = store.get(KEY)
    assert found == (b"again %d" % second.index(last), last)


@pytest.mark.parametrize("key", ["", "/a", "a//b", "../a", "a/../../b", "a/.", "a\0b", "a\\b"])
def test_no_key_leads_out_of_it(store: ResultsStore, key: str) -> None:
    with pytest.raises(StoreError, match="cannot be the name"):
        store.put(key, b"x")
    with pytest.raises(StoreError, match="cannot be the name"):
        store.get(key)


def test_it_holds_conditions_and_a_look_leaves_nothing(store: ResultsStore) -> None:
    check_conditions(store)
    assert store.list("") == []
