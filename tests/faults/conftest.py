"""What tests of faults share: the misbehaving plugin, and what an undisturbed campaign gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.campaigns import WAYS, Campaign, Table, install_misbehaving
from tests.once import made_once


@pytest.fixture(scope="session")
def misbehaving(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the misbehaving plugin is installed."""
    return made_once(tmp_path_factory, "misbehaving plugin", install_misbehaving)


@pytest.fixture(scope="session")
def undisturbed(
    light_protocol: Path,
    misbehaving: Path,
    session_cache: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Table]:
    """The tables of campaigns that nobody disturbs, by how runs are carried out."""
    tables = {}
    for way in ("serial", "stacked"):
        folder = tmp_path_factory.mktemp("undisturbed") / way
        campaign = Campaign(folder, light_protocol, misbehaving, session_cache, WAYS[way])
        ended = campaign.call()
        assert ended.code == 0, ended.err
        tables[way] = campaign.table()
    return tables | {"workers": tables["serial"]}
