"""What the innocents score with no hostile plugin near, and a folder to install one in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.hostile_plugins.runs import Row, call, innocent, write_protocol


@pytest.fixture(scope="session")
def protocol(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The protocol that the innocents are run on."""
    return write_protocol(tmp_path_factory.mktemp("innocent protocol"))


@pytest.fixture(scope="session")
def undisturbed(protocol: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """The innocents' rows in a call without hostile plugins."""
    rows = innocent(call(protocol, tmp_path_factory.mktemp("undisturbed")))
    assert {row["method"] for row in rows} == {"real", "cgan"}
    assert {row["status"] for row in rows} == {"ok"}
    return rows


@pytest.fixture(autouse=True)
def _own_process_state() -> Iterator[None]:
    """Let a case that fails spoil no other test."""
    folder, dtype = Path.cwd(), torch.get_default_dtype()
    yield
    os.chdir(folder)
    torch.set_default_dtype(dtype)
