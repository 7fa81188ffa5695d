"""A campaign that is killed in the middle of what it writes ends with the undisturbed table.

benchmarks/reliability.py does so some hundred times.
"""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.faults.campaigns import WAYS, Campaign, Event, Table

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("way", "role", "numbers"),
    [("serial", "parent", (9, 23)), ("stacked", "parent", (17,)), ("workers", "parent", (4,))],
)
def test_killed_at_file_events(
    way: str,
    role: str,
    numbers: tuple[int, ...],
    tmp_path: Path,
    light_protocol: Path,
    misbehaving: Path,
    session_cache: Path,
    undisturbed: dict[str, Table],
) -> None:
    campaign = Campaign(tmp_path / way, light_protocol, misbehaving, session_cache, WAYS[way])
    for number in numbers:
        assert campaign.call(None, Event(role, number)).code == -signal.SIGKILL
        # what is there at any moment is whole, and part of the right table
        assert campaign.table().items() <= undisturbed[way].items()
    ended = campaign.call()
    assert ended.code == 0, ended.err
    assert campaign.table() == undisturbed[way]


def test_a_worker_that_is_killed_while_it_writes_costs_its_run_alone(
    tmp_path: Path,
    light_protocol: Path,
    misbehaving: Path,
    session_cache: Path,
    undisturbed: dict[str, Table],
) -> None:
    campaign = Campaign(
        tmp_path / "workers", light_protocol, misbehaving, session_cache, WAYS["workers"]
    )
    ended = campaign.call(None, Event("worker", 5))
    assert ended.code == 3, ended.err
    table = campaign.table()
    failed = {key[0] for key, (status, *_) in table.items() if status == "failed"}
    assert len(failed) == 1
    kept = {key: row for key, row in table.items() if key[0] not in failed}
    assert kept == {k: row for k, row in undisturbed["workers"].items() if k[0] not in failed}
    assert "was ended by SIGKILL" in ended.err
    assert campaign.call().code == 0
    assert campaign.table() == undisturbed["workers"]
