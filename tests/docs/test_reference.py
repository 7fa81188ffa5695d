"""The reference is made from the code, and is what the code says now."""

from __future__ import annotations

import importlib.util
from types import ModuleType

import pytest

from regene_bench import api
from regene_bench.cli.main import COMMANDS
from regene_bench.data import readers
from tests.wheels import ROOT

DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_reference", DOCS / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["cli", "api", "readers", "contracts"])
def test_pages_are_up_to_date(reference: ModuleType, page: str) -> None:
    name = f"reference/{page}.md"
    assert (DOCS / name).read_text(encoding="utf-8") == reference.PAGES[name](), (
        f"docs/{name} is out of date: run `python docs/reference.py`"
    )


def test_every_command_and_every_public_name_is_in_it(reference: ModuleType) -> None:
    commands = reference.PAGES["reference/cli.md"]()
    assert [name for name in COMMANDS if f"## `regene-bench {name}`" not in commands] == []
    names = reference.PAGES["reference/api.md"]()
    assert [name for name in api.__all__ if f"## `{name}`" not in names] == []
    names = reference.PAGES["reference/readers.md"]()
    assert [name for name in readers.__all__ if f"## `{name}`" not in names] == []


def test_it_shows_nothing_of_this_machine(reference: ModuleType) -> None:
    for make in reference.PAGES.values():
        text = make()
        assert " at 0x" not in text
        assert str(ROOT) not in text
