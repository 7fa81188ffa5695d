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
from regene_bench.publish.hub import files_of, published_card, upload
from regene_bench.publish.hub_card import CARD, ROWS, card_of
from tests.leaderboard.helpers import record
from tests.publish.hub_server import Hub, running_hub
from tests.publish.results import write_results

FD = "fd_efficientnet_lite0"
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
    assert "license" not in head
    assert head["pretty_name"] == HOSTILE
    assert "<script>" not in body


def test_what_people_wrote_in_the_card_stays(
    hub: Hub, files: dict[str, bytes], tmp_path: Path
) -> None:
    table = read_source(tmp_path / "results").table
    assert published_card("me/boards", hub.address) is None
    upload("me/boards", files, hub.address)
    card = hub.files[CARD].decode()
    card = card.replace("tags: [", 'license: "mit"\nlanguage: "de"\ntags: ["mine", ')
    hub.files[CARD] = f"{card}\n## How we ran it\n\nAt night.\n".encode()
    there = published_card("me/boards", hub.address)
    again = files_of(table, {}, there=there)[CARD].decode()
    head = yaml.safe_load(again.split("---\n")[1])
    assert (head["license"], head["language"], head["pretty_name"]) == ("mit", "de", HOSTILE)
    assert head["tags"][0] == "mine"
    assert again.count("regene-bench: end") == 1
    assert again.endswith("\n## How we ran it\n\nAt night.\n")
    assert files_of(table, {}, there=again)[CARD].decode() == again
    other = yaml.safe_load(files_of(table, {}, licence="cc0-1.0")[CARD].decode().split("---\n")[1])
    assert other["license"] == "cc0-1.0"


def test_a_card_without_our_mark_gets_the_block_behind_its_text() -> None:
    own = "---\nconfigs:\n- config_name: default\n  data_files: scores.parquet\n---\n# Mine\n"
    card = card_of([], "", "", own)
    head = yaml.safe_load(card.split("---\n")[1])
    assert [one["config_name"] for one in head["configs"]] == ["leaderboard", "scores"]
    assert "# Mine\n\n<!-- regene-bench" in card


def test_a_hub_that_is_not_reached_is_no_hub_without_a_card(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # between its tries huggingface_hub waits, 23 s in all
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with pytest.raises(ResultsError, match="cannot be read"):
        published_card("me/boards", "http://127.0.0.1:1")


def test_load_dataset_reads_a_row_a_line_by_default_and_all_rows_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets = pytest.importorskip("datasets", reason="datasets is not installed: NOT tested")
    table = read_source(write_results(tmp_path / "results")).table
    folder = tmp_path / "boards"
    folder.mkdir()
    for name, content in files_of(table, {"digits": "fd_efficientnet_lite0"}).items():
        (folder / name).write_bytes(content)
    cache = str(tmp_path / "cache")
    lines = datasets.load_dataset(str(folder), cache_dir=cache)
    assert set(lines) == {"lines"}
    frame = lines["lines"].to_pandas()
    assert list(frame)[:6] == ["benchmark", "preset", "rank", "label", "seeds", FD]
    best = frame[frame["rank"] == 1].iloc[0]
    assert (best["label"], best["seeds"], best[FD]) == ("cgan[noise_dim=32]", 2, 20.0 / 32 + 0.5)
    rows = datasets.load_dataset(str(folder), "scores", split="rows", cache_dir=cache)
    assert rows.num_rows == len(table)
    assert rows["seed"][0] == 0


@pytest.mark.parametrize("name", ["boards", "me/../you", "me/boards/x", "me/bo ards"])
def test_what_is_no_repository(name: str) -> None:
    with pytest.raises(UsageError, match="no repository"):
        upload(name, {}, "http://127.0.0.1:1")


OLDER = """---
license: "apache-2.0"
pretty_name: "Ours"
tags: ["regene-bench"]
configs: [{"config_name": "default", "data_files": "scores.parquet"}]
---

# Ours

Scores of class-conditional image generators on digits, measured with regene-bench. One row per run.

| rank | method | fd |
|---|---|---|
| 1 | cgan | 111.5 |

## Columns

| column | type | what |
|---|---|---|
| `seed` | int64 | The seed. |

## How we ran it

At night.
"""


def test_a_card_of_the_version_before_has_its_tables_made_anew(tmp_path: Path) -> None:
    write_part(tmp_path / "results", record("a"))
    card = files_of(read_source(tmp_path / "results").table, {}, there=OLDER)[CARD].decode()
    assert "111.5" not in card
    assert card.count("## Columns") == 1
    assert card.endswith("## How we ran it\n\nAt night.\n")
    head = yaml.safe_load(card.split("---\n")[1])
    assert "license" not in head  # which that version had said for everybody
    assert head["pretty_name"] == "Ours"


def test_a_card_keeps_its_characters_and_takes_a_new_heading(tmp_path: Path) -> None:
    write_part(tmp_path / "results", record("a"))
    table = read_source(tmp_path / "results").table
    first = files_of(table, {}, "Boards 🏆")[CARD].decode()
    again = files_of(table, {}, "Tables 🏆", there=first)[CARD].decode()
    assert yaml.safe_load(again.split("---\n")[1])["pretty_name"] == "Tables 🏆"
    assert "\n# Tables 🏆\n" in again
    assert "Boards" not in again


def test_a_card_whose_yaml_cannot_be_read_is_not_written_over(tmp_path: Path) -> None:
    write_part(tmp_path / "results", record("a"))
    with pytest.raises(ResultsError, match=r"README\.md cannot be read") as caught:
        files_of(read_source(tmp_path / "results").table, {}, there="---\na: [1\n---\n# mine\n")
    assert "Mend it on the Hub" in caught.value.hint
