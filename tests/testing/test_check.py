"""Checks say what they look for and how to mend it."""

from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from regene_bench.base.errors import UnavailableError, UsageError
from regene_bench.plugins.arguments import EntryWithArgument
from regene_bench.plugins.entries import Entry
from regene_bench.plugins.method_files import FileEntry
from regene_bench.testing import (
    CHECKED_KINDS,
    Broken,
    Check,
    NotApplicable,
    checks_for,
    open_subject,
    registration,
    run_check,
)
from regene_bench.testing.second_process import entry_told, told
from tests.first_party import entries


def breaks(subject: object) -> None:
    """It holds.

    Mend: hold it.
    """
    raise Broken(f"{subject} does not hold")


@pytest.mark.parametrize("kind", CHECKED_KINDS)
def test_every_check_has_a_name_of_its_own_a_contract_and_a_remedy(kind: str) -> None:
    checks = checks_for(kind)
    assert len({check.name for check in checks}) == len(checks) >= 5
    for check in checks:
        assert check.contract.endswith(".")
        assert check.remedy.endswith(".")


def test_a_check_without_a_remedy_is_refused() -> None:
    def silent(subject: object) -> None:
        """It holds."""

    with pytest.raises(ValueError, match="Mend"):
        Check.of(silent)


def test_a_failure_says_what_was_found_the_contract_and_the_remedy() -> None:
    result = run_check(Check.of(breaks), "the glue")
    assert result.status == "failed"
    assert result.explain().splitlines() == [
        "  found     the glue does not hold",
        "  contract  It holds.",
        "  mend      hold it.",
    ]


@pytest.mark.parametrize(
    ("error", "status", "word"),
    [
        (NotApplicable("nothing to see"), "skipped", "nothing to see"),
        (UnavailableError("no weights", hint="fetch them"), "skipped", "fetch them"),
        (UsageError("wrong", hint="right"), "failed", "right"),
        (ZeroDivisionError("by nought"), "failed", "by nought"),
        (SystemExit(3), "failed", "SystemExit"),
    ],
)
def test_whatever_a_plugin_raises_becomes_a_result(
    error: BaseException, status: str, word: str
) -> None:
    def raises(subject: object) -> None:
        """It holds.

        Mend: hold it.
        """
        raise error

    result = run_check(Check.of(raises), None)
    assert result.status == status
    assert word in result.found


def test_a_name_that_is_not_registered_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(UsageError, match="'cgan'"), open_subject("method", "cgam"):
        pass
    with pytest.raises(UsageError, match="metric"):
        checks_for("metrik")


def test_the_kit_and_its_pytest_plugin_import_nothing_heavy() -> None:
    code = (
        "import sys, regene_bench.testing, regene_bench.testing.pytest_plugin;"
        "print({'torch', 'pyarrow', 'pydantic'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_one_fresh_process_answers_for_all_entries_of_a_distribution(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[object] = []
    run = subprocess.run

    def counted(*arguments: Any, **options: Any) -> Any:
        started.append(arguments)
        return run(*arguments, **options)

    monkeypatch.setattr(subprocess, "run", counted)
    registration._load_afresh.cache_clear()
    own = [*entries("dataset"), *entries("method")]
    for entry in own:
        # any of these that cannot be looked at raises
        registration.registration_imports_nothing_heavy(SimpleNamespace(entry=entry))
    assert len(own) > len(started) == 1


def test_other_processes_are_told_of_every_sort_of_entry() -> None:
    plain = Entry("method", "m", "d", "1", "module:Class", "a method")
    in_a_file = FileEntry(
        "method", "m", "file:1", "", "idea.py:M", "", source=b"x = '\xc3\xa4\xff'"
    )
    of_an_argument = EntryWithArgument("feature_extractor", "e", "d", "1", "m:E", "", argument="a")
    for entry in (plain, in_a_file, of_an_argument):
        assert entry_told(json.loads(json.dumps(told(entry)))) == entry
