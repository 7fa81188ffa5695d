"""Stores to test on: folders, and a bucket of Ceph where its programs are installed."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

from regene_bench.stores.local_store import LocalStore
from regene_bench.stores.opening import open_store
from regene_bench.stores.store import ResultsStore
from tests.once import made_once
from tests.stores.ceph import HOW_TO_INSTALL, missing_programs

BUCKET = "results"
_PATIENCE = 240.0


@pytest.fixture(scope="session")
def ceph_variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables of a gateway that all processes of the session share."""
    pytest.importorskip("obstore")
    if missing := missing_programs():
        text = f"not tested against Ceph: {', '.join(missing)} are missing ({HOW_TO_INSTALL})"
        warnings.warn(text, stacklevel=1)
        pytest.skip(text)
    session = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()

    def start(folder: Path) -> None:
        out = folder / "variables.json"
        with (folder / "log").open("wb") as log:
            command = [sys.executable, "-m", "tests.stores.ceph", str(out), str(session), BUCKET]
            process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        end = time.monotonic() + _PATIENCE
        while not out.exists():
            if process.poll() is not None or time.monotonic() > end:
                process.kill()
                raise RuntimeError((folder / "log").read_text()[-3000:])
            time.sleep(0.2)

    folder = made_once(tmp_path_factory, "ceph", start)
    variables: dict[str, str] = json.loads((folder / "variables.json").read_text())
    return variables


@pytest.fixture
def ceph(ceph_variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an empty prefix of a bucket of Ceph; the environment says where it is."""
    for name, value in ceph_variables.items():
        monkeypatch.setenv(name, value)
    return f"s3://{BUCKET}/{secrets.token_hex(4)}"


@pytest.fixture(params=["folder", pytest.param("ceph", marks=pytest.mark.slow)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty store, of each kind."""
    if request.param == "folder":
        return (tmp_path / "a store").as_uri()
    found: str = request.getfixturevalue("ceph")
    return found


@pytest.fixture
def store(address: str) -> ResultsStore:
    """An empty store, of each kind."""
    return open_store(address)


@pytest.fixture
def folder_store(tmp_path: Path) -> LocalStore:
    """An empty store that is a folder."""
    return LocalStore(tmp_path / "a store")
