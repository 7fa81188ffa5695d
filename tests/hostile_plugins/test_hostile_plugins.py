"""Whatever a plugin does: it is found out and named, and nobody else's numbers change."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import pytest

from regene_bench.base.errors import RegeneBenchError
from regene_bench.cli.main import main
from regene_bench.plugins.host import load_plugins
from regene_bench.testing import checks_for, open_subject, run_check
from tests.hostile_plugins.installation import installed
from tests.hostile_plugins.plugin import (
    Broken,
    CheckFails,
    Expectation,
    FailedRun,
    FailedScore,
    Harmless,
    HostilePlugin,
    Prints,
    Refused,
)
from tests.hostile_plugins.process import process_state
from tests.hostile_plugins.registry import HOSTILE
from tests.hostile_plugins.runs import Row, call, innocent

Must = TypeVar("Must", bound=Expectation)


def that_must(kind: type[Must]) -> pytest.MarkDecorator:
    """One case for each hostile plugin of which something of this kind is expected."""
    chosen = [pytest.param(one, one.must, id=one.name) for one in HOSTILE if type(one.must) is kind]
    return pytest.mark.parametrize(("one", "must"), chosen)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Where a hostile plugin is installed."""
    return tmp_path / "site"


@that_must(Broken)
def test_it_is_broken_and_named(
    one: HostilePlugin,
    must: Broken,
    site: Path,
    protocol: Path,
    undisturbed: list[Row],
    tmp_path: Path,
) -> None:
    with installed(one, site):
        broken = {b.distribution: b.error for b in load_plugins().broken}
        assert must.reason in broken[one.distribution_name]
        assert innocent(call(protocol, tmp_path / "results", one)) == undisturbed


@that_must(FailedRun)
def test_its_run_fails(
    one: HostilePlugin,
    must: FailedRun,
    site: Path,
    protocol: Path,
    undisturbed: list[Row],
    tmp_path: Path,
) -> None:
    with installed(one, site):
        rows = call(protocol, tmp_path / "results", one)
    own = [row for row in rows if row["method"] == must.method]
    assert {row["status"] for row in own} == {"failed"}
    assert all(must.message in row["error_message"] for row in own)
    assert innocent(rows) == undisturbed


@that_must(FailedScore)
def test_its_score_fails(
    one: HostilePlugin,
    must: FailedScore,
    site: Path,
    protocol: Path,
    undisturbed: list[Row],
    tmp_path: Path,
) -> None:
    with installed(one, site):
        rows = call(protocol, tmp_path / "results", one)
    found = [row for row in rows if (row["method"], row["metric"]) == (must.method, must.metric)]
    assert [row["status"] for row in found] == ["failed"]
    assert must.message in found[0]["error_message"]
    assert innocent(rows) == undisturbed


@that_must(Refused)
def test_it_is_refused(
    one: HostilePlugin,
    must: Refused,
    site: Path,
    protocol: Path,
    undisturbed: list[Row],
    tmp_path: Path,
) -> None:
    with installed(one, site):
        with pytest.raises(RegeneBenchError) as caught:
            call(protocol, tmp_path / "results", one)
        assert must.message in str(caught.value)
        assert caught.value.exit_code == must.exit_code
        # who does not ask for it is not troubled by it
        assert innocent(call(protocol, tmp_path / "other results")) == undisturbed


@that_must(Prints)
def test_a_command_says_so(
    one: HostilePlugin,
    must: Prints,
    site: Path,
    protocol: Path,
    undisturbed: list[Row],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    with installed(one, site):
        with pytest.raises(SystemExit) as ended:
            main(must.arguments)
        printed = "".join(capsys.readouterr())
        assert ended.value.code == must.exit_code, printed
        for word in must.words:
            assert word in printed
        assert innocent(call(protocol, tmp_path / "results")) == undisturbed


@that_must(CheckFails)
def test_the_kit_finds_it_out(one: HostilePlugin, must: CheckFails, site: Path) -> None:
    checks = {check.name: check for check in checks_for(must.kind)}
    with installed(one, site), open_subject(must.kind, must.name) as subject:
        result = run_check(checks[must.check], subject)
    assert result.status == "failed", result
    assert must.found in result.found
    assert result.check.remedy


@that_must(Harmless)
def test_it_does_no_harm(
    one: HostilePlugin,
    must: Harmless,
    site: Path,
    protocol: Path,
    undisturbed: list[Row],
    tmp_path: Path,
) -> None:
    with installed(one, site):
        before = process_state()
        rows = call(protocol, tmp_path / "results", one)
        assert process_state() == before
    assert {row["status"] for row in rows} <= {"ok", "skipped"}
    assert innocent(rows) == undisturbed


def test_names_are_told_apart() -> None:
    names: list[Any] = [one.name for one in HOSTILE]
    assert len(set(names)) == len(names)
