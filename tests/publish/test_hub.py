"""A leaderboard as a data set on a hub."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from regene_bench.base.errors import ResultsError, UsageError
from regene_bench.leaderboard.merge import read_source
from regene_bench.leaderboard.parts import write_part
from regene_bench.leaderboard.schema import PLAIN_SCHEMA
from regene_bench.publish.hub import CARD, ROWS, files_of, upload
from tests.leaderboard.helpers import record
from tests.publish.hub_server import Hub, running_hub

HOSTILE = "---\nlicense: mit\n# <script>alert(1)</script>"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setenv("HF_TOKEN", "hf_for_tests_only")
    with running_hub() as server:
        yield server


@pytest.fixture
def files(tmp_path: Path) -> dict[str, bytes]:
    write_part(tmp_path / "results", record("a", method=HOSTILE))
    return files_of(read_source(tmp_path / "results").table, {}, HOSTILE)


def test_card_and_rows_arrive(hub: Hub, files: dict[str, bytes]) -> None:
    url = upload("me/boards", files, hub.address)
    assert url.endswith("/datasets/me/boards/commit/abc")
    assert hub.files == files
    assert hub.created[0]["type"] == "dataset"
    table = pq.read_table(io.BytesIO(hub.files[ROWS]))
    assert table.schema.equals(PLAIN_SCHEMA)


def test_a_refusal_says_what_to_do(hub: Hub, files: dict[str, bytes]) -> None:
    hub.refuses = True
    with pytest.raises(ResultsError) as caught:
        upload("me/boards", files, hub.address)
    assert "hf_for_tests_only" not in str(caught.value)
    assert "HF_TOKEN" in caught.value.hint
    assert hub.files == {}


def test_names_in_the_card_are_text(files: dict[str, bytes]) -> None:
    _, front, body = files[CARD].decode().split("---\n", 2)
    head = yaml.safe_load(front)
    assert head["license"] == "apache-2.0"
    assert head["pretty_name"] == HOSTILE
    assert head["configs"][0]["data_files"] == ROWS
    assert "<script>" not in body


@pytest.mark.parametrize("name", ["boards", "me/../you", "me/boards/x", "me/bo ards"])
def test_what_is_no_repository(name: str) -> None:
    with pytest.raises(UsageError, match="no repository"):
        upload(name, {}, "http://127.0.0.1:1")
