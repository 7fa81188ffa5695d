from __future__ import annotations

import re
from pathlib import Path

import pytest

from regene_bench.cli.main import main
from regene_bench.testing import datasets
from regene_bench.testing.check import Broken
from tests.plugins.distributions import BAD_PLUGINS, install


def check(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["check", *arguments])
    return int(ended.value.code or 0)


def test_a_table_says_what_passed_and_why_something_was_skipped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert check("digits", "--kind", "dataset") == 0
    shown = capsys.readouterr()
    assert re.search(r"splits-share-no-image +passed", shown.out)
    assert "skipped: the-files-exist" in shown.out
    assert "it reads no files" in shown.out
    assert "dataset digits: 11 passed, 0 failed, 1 skipped" in shown.out
    assert "passed  splits-share-no-image" in shown.err


def test_a_name_of_two_kinds_is_checked_as_both(capsys: pytest.CaptureFixture[str]) -> None:
    assert check("digits", "--only", "described") == 0
    out = capsys.readouterr().out
    assert "dataset digits: 1 passed" in out
    assert "benchmark digits: 1 passed" in out


def breaks(subject: object) -> None:
    """Nothing is broken.

    Mend: glue \x1b[31mit.
    """
    raise Broken("two [bold]shards[/bold]\x07 of\n  glass")


def test_a_failure_ends_in_exit_code_3_with_contract_and_remedy(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets, "CHECKS", (breaks,))
    assert check("digits", "--kind", "dataset") == 3
    out = capsys.readouterr().out
    assert "failed: breaks" in out
    assert "  contract  Nothing is broken." in out
    assert "  found     two [bold]shards[/bold] of" in out
    assert "  mend      glue [31mit." in out
    assert "\x07" not in out
    assert "\x1b" not in out


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["digit"], "'digits'"),
        (["digits", "--kind", "datset"], "'dataset'"),
        (["digits", "--kind", "dataset", "--only", "splitz"], "'splits'"),
        (["digits", "--kind", "metric"], "metric"),
    ],
)
def test_wrong_names_are_refused_with_the_nearest_ones(
    arguments: list[str], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(*arguments) == 2
    assert word in capsys.readouterr().err


def test_of_a_plugin_that_cannot_be_loaded_it_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "fake-bad", BAD_PLUGINS["misspelled"][0])
    monkeypatch.syspath_prepend(str(tmp_path))
    assert check("fake-bad") == 2
    told = capsys.readouterr().err
    assert "of fake-bad 1.2 is broken: PluginError: 'register_metods' is no hook." in told
    assert "Did you mean 'register_methods'?" in told
