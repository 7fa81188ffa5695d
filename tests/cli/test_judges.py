"""Whoever gets a leaderboard gets what judged its runs, and is judged alike with it."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from regene_bench.leaderboard.merge import read_source
from regene_bench.leaderboard.parts import write_part
from regene_bench.plugins.host import load_plugins
from regene_bench.publish.judges import judging_files
from regene_bench.publish.site import publish_site
from regene_bench.runtime.shared_weights import SharedWeights, hash_weights
from tests.cli.conftest import Cli
from tests.leaderboard.helpers import record, score

RECIPE = "neutral-0123"
MINE, YOURS, NOBODYS = ({"w": torch.full((2,), value)} for value in (1.0, 0.0, 3.0))


def judged(results: Path, weights: dict[str, torch.Tensor], run_id: str) -> None:
    """Write a run into results, judged by these weights, which count there."""
    row = replace(score("accuracy_neutral", 0.5), weights_sha256=hash_weights(weights))
    write_part(results, record(run_id, scores=(row,)))
    shared = SharedWeights(results, RECIPE)
    shared.take(weights, counts=True)
    # of a call that was slower, and judged nothing
    shared.take(NOBODYS, counts=False)


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """Two people's results that were judged by different weights."""
    for name, weights in (("mine", MINE), ("yours", YOURS)):
        judged(tmp_path / name, weights, name)
    return [tmp_path / "mine", tmp_path / "yours"]


def names(folder: Path) -> set[str]:
    found = (folder / "shared" / RECIPE).iterdir()
    return {path.name for path in found if not path.name.startswith(".")}


EVERYTHING = {
    "chosen",
    f"{hash_weights(MINE)}.safetensors",
    f"{hash_weights(YOURS)}.safetensors",
}


def test_merging_keeps_all_and_goes_on_with_the_first(
    cli: Cli, tmp_path: Path, folders: list[Path]
) -> None:
    done = cli("merge", "yours", "mine", "--into", "all")
    assert done.returncode == 0, done.stderr
    several = sorted(hash_weights(weights)[:8] for weights in (MINE, YOURS))
    assert f"{RECIPE}: scores by {', '.join(several)} are not ranked together" in done.stdout
    assert names(tmp_path / "all") == EVERYTHING
    assert SharedWeights(tmp_path / "all", RECIPE).chosen == hash_weights(YOURS)


def test_merging_what_was_judged_alike_says_nothing(cli: Cli, tmp_path: Path) -> None:
    for name in ("a", "b"):
        judged(tmp_path / name, MINE, name)
    done = cli("merge", "a", "b", "--into", "all")
    assert "not ranked" not in done.stdout
    assert names(tmp_path / "all") == {"chosen", f"{hash_weights(MINE)}.safetensors"}


def test_a_site_offers_them(tmp_path: Path, folders: list[Path]) -> None:
    publish_site([read_source(folder) for folder in folders], tmp_path / "site", load_plugins())
    assert names(tmp_path / "site") == EVERYTHING
    page = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert f'href="shared/{RECIPE}/{hash_weights(MINE)}.safetensors"' in page
    # as its words say
    assert SharedWeights(tmp_path / "site", RECIPE).find(MINE) is not None


def test_a_site_without_them_does_not_speak_of_them(tmp_path: Path) -> None:
    write_part(tmp_path / "plain", record("a"))
    publish_site([read_source(tmp_path / "plain")], tmp_path / "site", load_plugins())
    assert not (tmp_path / "site" / "shared").exists()
    assert "judge" not in (tmp_path / "site" / "index.html").read_text(encoding="utf-8")


def test_git_commits_them_and_keeps_which_count(
    cli: Cli, tmp_path: Path, folders: list[Path]
) -> None:
    repository = tmp_path / "repository"
    subprocess.run(["git", "init", "--quiet", repository], check=True)
    for key, value in (("user.name", "N"), ("user.email", "n@example.org")):
        subprocess.run(["git", "-C", repository, "config", key, value], check=True)
    (repository / ".gitignore").write_text("*.safetensors\n")
    for name in ("mine", "yours"):
        done = cli("publish", "git", "repository/board", name)
        assert done.returncode == 0, done.stderr
    listed = subprocess.run(
        ["git", "-C", repository, "ls-files", "board/shared"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert {Path(line).name for line in listed.stdout.splitlines()} == EVERYTHING
    assert SharedWeights(repository / "board", RECIPE).chosen == hash_weights(MINE)


def test_the_hub_gets_them_by_the_same_names(folders: list[Path]) -> None:
    source = read_source(folders[0])
    files = judging_files([source], source.table)
    assert list(files) == [
        f"shared/{RECIPE}/{name}"
        for name in sorted(("chosen", f"{hash_weights(MINE)}.safetensors"))
    ]
    assert files[f"shared/{RECIPE}/chosen"].decode().strip() == hash_weights(MINE)
