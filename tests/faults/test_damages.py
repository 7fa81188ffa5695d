"""Whatever file is cut off or has a bit flipped: its content is as it was, or is not believed."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from tests.faults.campaigns import Campaign
from tests.faults.damages import copy_from_the_first_part, damage, kinds

pytestmark = pytest.mark.slow
PLACES = 4  # benchmarks/reliability.py tries more


def test_no_damaged_file_is_believed(
    light_protocol: Path,
    misbehaving: Path,
    session_cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    campaign = Campaign(tmp_path / "campaign", light_protocol, misbehaving, session_cache)
    assert campaign.call().code == 0
    cache = tmp_path / "cache"  # other tests use the session's meanwhile
    shutil.copytree(session_cache / "neutral", cache / "neutral")
    monkeypatch.setenv("REGENE_BENCH_CACHE", str(cache))
    copy_from_the_first_part(monkeypatch)
    rng = random.Random(0)
    for kind in kinds(campaign.results):
        for how in ("truncated", "flipped"):
            found = damage(kind, campaign.results, how, PLACES, rng)
            assert (found.tried, found.wrong) == (PLACES, 0), (kind.name, how)
            if kind.name != "note of --force":  # whose ids say nothing of themselves
                assert found.named + (found.equal if how == "flipped" else 0) >= PLACES, kind.name
