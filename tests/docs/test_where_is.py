"""What the documentation names is there: every path, every name in a file, every module."""

from __future__ import annotations

import ast
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wheels import ROOT

PAGES = ("README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/decisions.md")
FOLDERS = ("regene_bench", "plugins", "tests", "docs", "benchmarks", r"\.github")
PLACE = re.compile(rf"((?:{'|'.join(FOLDERS)})/[\w./*-]*)(?::([\w.]+))?")
MODULE = re.compile(r"(regene_bench(?:_plugins)?(?:\.\w+)+)(?:\(.*\))?")


def quoted(text: str) -> Iterator[str]:
    """What a page writes as code within its sentences and tables, not its listings."""
    without_listings = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.DOTALL | re.MULTILINE)
    yield from re.findall(r"`([^`]+)`", without_listings)


def missing(root: Path, words: Iterator[str]) -> list[str]:
    """Those of the words that name a place below ``root`` or a module, and name none that is."""
    found = []
    for word in words:
        if place := PLACE.fullmatch(word):
            path, name = place.groups()
            if not any(root.glob(path)) or (name and not defines(root / path, name)):
                found.append(word)
        elif (module := MODULE.fullmatch(word)) and not resolves(module[1]):
            found.append(word)
    return found


def defines(file: Path, name: str) -> bool:
    """Tell whether a Python file defines a name; ``Class.member`` looks into the class."""
    body = ast.parse(file.read_text(encoding="utf-8")).body
    for part in name.split("."):
        node = next((node for node in body if part in names_of(node)), None)
        if node is None:
            return False
        body = node.body if isinstance(node, ast.ClassDef) else []
    return True


def names_of(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else []
    targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
    return [target.id for target in targets if isinstance(target, ast.Name)]


def resolves(name: str) -> bool:
    try:
        pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


def questions() -> dict[str, str]:
    """CONTRIBUTING's table "Where is …?": the answer to each question."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text.partition("| question | answer |\n|---|---|\n")[2].partition("\n\n")[0]
    return dict(line.strip("| ").split(" | ") for line in table.splitlines())


@pytest.mark.parametrize("page", PAGES)
def test_every_place_that_a_page_names_is_there(page: str) -> None:
    assert missing(ROOT, quoted((ROOT / page).read_text(encoding="utf-8"))) == []


def test_every_question_has_an_answer_that_is_a_place() -> None:
    answers = questions()
    assert len(answers) >= 17
    assert [
        question
        for question, answer in answers.items()
        if not any(PLACE.fullmatch(word) for word in quoted(answer))
    ] == []


@pytest.mark.parametrize(
    "words",
    [
        "order of rows",
        "preset of a method",
        "trials counted",
        "mean ± interval",
        "checkpoint is kept",
        "TF32",
        "run id made of",
    ],
)
def test_what_readers_looked_for_in_vain_is_among_the_questions(words: str) -> None:
    assert any(words in question for question in questions())


@pytest.mark.parametrize(
    "word",
    [
        "regene_bench/nothing.py",
        "tests/nothing/",
        "plugins/nothing/*.toml",
        "docs/file.py:absent",
        "docs/file.py:Thing.absent",
        "docs/file.py:LIMIT.absent",
        "regene_bench.nothing",
        "regene_bench.api.Nothing",
        "regene_bench.nothing(images)",
    ],
)
def test_what_is_not_there_is_found(word: str, tmp_path: Path) -> None:
    write_example(tmp_path)
    assert missing(tmp_path, iter([word])) == [word]


@pytest.mark.parametrize(
    "word",
    [
        "docs/",
        "docs/*.py",
        "docs/file.py",
        "docs/file.py:LIMIT",
        "docs/file.py:Thing",
        "docs/file.py:Thing.size",
        "docs/file.py:Thing.grow",
        "regene_bench.api",
        "regene_bench.api.Method",
        "regene_bench.score(...)",
        "results/leaderboard",
        "run digits",
    ],
)
def test_what_is_there_and_what_is_no_place_pass(word: str, tmp_path: Path) -> None:
    write_example(tmp_path)
    assert missing(tmp_path, iter([word])) == []


def test_listings_are_not_looked_at() -> None:
    text = "`one`\n```console\n$ `two`\n```\n| `three` | x |\n"
    assert list(quoted(text)) == ["one", "three"]


def write_example(folder: Path) -> None:
    (folder / "docs").mkdir()
    (folder / "docs" / "file.py").write_text(
        "LIMIT: int = 3\nclass Thing:\n    size: int\n    def grow(self): ...\n"
    )
