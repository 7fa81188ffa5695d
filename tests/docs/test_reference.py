"""The reference is made from the code, and is what the code says now."""

from __future__ import annotations

import importlib.util
import re
from types import ModuleType

import pytest

from regene_bench import api, hookspecs
from regene_bench.base.environment import VARIABLES
from regene_bench.base.errors import EXIT_CODES
from regene_bench.cli.main import COMMANDS
from regene_bench.data import readers
from regene_bench.plugins.entries import KIND_OF_HOOK
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


@pytest.mark.parametrize("page", ["cli", "api", "readers", "contracts", "hooks"])
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


def test_every_hook_variable_and_exit_code_is_on_one_page(reference: ModuleType) -> None:
    page = reference.PAGES["reference/hooks.md"]()
    hooks = [*KIND_OF_HOOK, *hookspecs.OBSERVER_HOOKS, hookspecs.COMMAND_HOOK]
    assert [hook for hook in hooks if f"| `{hook}(" not in page] == []
    assert [name for name in VARIABLES if f"| `{name}` |" not in page] == []
    assert [code for code in EXIT_CODES if f"\n| {code} | " not in page] == []


def test_every_variable_that_the_code_reads_is_among_them() -> None:
    named: set[str] = set()
    for folder in (ROOT / "regene_bench", ROOT / "plugins"):
        for file in folder.rglob("*.py"):
            named |= set(re.findall(r"REGENE_BENCH_[A-Z_]*[A-Z]", file.read_text(encoding="utf-8")))
    assert named == set(VARIABLES)


def test_members_of_classes_have_their_signatures(reference: ModuleType) -> None:
    page = reference.PAGES["reference/api.md"]()
    for line in (
        "- `fit(data: BenchmarkData, runtime: Runtime) -> object`: Train and return a model",
        "- `preset(preset: Preset, shape: ImageShape) -> dict[str, Any]`: (classmethod) Return",
        "- `device: torch.device`: (property)",
    ):
        assert line in page


def test_it_shows_nothing_of_this_machine(reference: ModuleType) -> None:
    for make in reference.PAGES.values():
        text = make()
        assert " at 0x" not in text
        assert str(ROOT) not in text
