"""What a public repository does by itself: checks, forms for issues, words for pull requests."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from regene_bench.cli.main import COMMANDS
from tests.wheels import ROOT

GITHUB = ROOT / ".github"
FORMS = sorted(
    form for form in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if form.name != "config.yml"
)
# what GitHub requires of the attributes of an element
REQUIRED = {
    "markdown": {"value"},
    "textarea": {"label"},
    "input": {"label"},
    "dropdown": {"label", "options"},
    "checkboxes": {"label", "options"},
}


def read(path: Path) -> dict[Any, Any]:
    content: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


def name_of(path: Path) -> str:
    return path.stem


@pytest.fixture(scope="module")
def checks() -> dict[Any, Any]:
    return read(GITHUB / "workflows" / "checks.yml")


def test_every_step_of_the_checks_is_a_target_of_the_makefile(checks: dict[Any, Any]) -> None:
    steps = [step for job in checks["jobs"].values() for step in job["steps"]]
    asked = {m[1] for step in steps if (m := re.fullmatch(r"make (\w+)", step.get("run", "")))}
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = {m[1]: m[2].split() for m in re.finditer(r"^(\w+):(.*)$", makefile, re.MULTILINE)}
    assert asked - targets.keys() == set()
    assert asked >= {"test", "manual", *targets["check"]}


def test_tests_run_on_every_python_that_is_supported(checks: dict[Any, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    prefix = "Programming Language :: Python :: "
    supported = [
        line.removeprefix(prefix) for line in project["classifiers"] if line.startswith(prefix)
    ]
    assert checks["jobs"]["tests"]["strategy"]["matrix"]["python"] == supported


def test_the_checks_can_only_read(checks: dict[Any, Any]) -> None:
    assert checks["permissions"] == {"contents": "read"}
    assert [name for name, job in checks["jobs"].items() if "permissions" in job] == []


def test_there_is_a_form_for_what_people_come_with() -> None:
    assert [form.stem for form in FORMS] == ["bug", "plugin-proposal", "wrong-number"]


@pytest.mark.parametrize("form", FORMS, ids=name_of)
def test_a_form_is_what_github_takes(form: Path) -> None:
    content = read(form)
    assert content.keys() == {"name", "description", "labels", "body"}
    for element in content["body"]:
        allowed = {"type", "id", "attributes", "validations"}
        assert element.keys() <= allowed
        assert REQUIRED[element["type"]] <= element["attributes"].keys()
    ids = [element["id"] for element in content["body"] if element["type"] != "markdown"]
    assert len(ids) == len(set(ids))
    assert any(element.get("validations", {}).get("required") for element in content["body"])


@pytest.mark.parametrize("page", [*FORMS, GITHUB / "ISSUE_TEMPLATE" / "config.yml"], ids=name_of)
def test_a_form_names_commands_and_pages_that_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert set(re.findall(r"`regene-bench (\w+)", text)) - set(COMMANDS) == set()
    named = re.findall(r"`(docs/[\w./-]+)`|/blob/main/([\w./-]+)", text)
    assert [path for pair in named for path in pair if path and not (ROOT / path).is_file()] == []
