"""The documentation says what the code does."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pandas
import pytest

ROOT = Path(__file__).resolve().parent.parent


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_up_to_date() -> None:
    for name, make in _generator().PAGES.items():
        assert (ROOT / "docs" / name).read_text(encoding="utf-8") == make(), (
            f"docs/{name} is out of date: run `python docs/generate.py`"
        )


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/decisions.md"])
def test_links_to_files_lead_somewhere(page: str) -> None:
    path = ROOT / page
    targets = re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8"))
    missing = [target for target in targets if not (path.parent / target).exists()]
    assert missing == []


def test_the_readme_opens_files_of_several_versions_with_one_line_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from regene_bench.leaderboard.parts import write_part
    from tests.leaderboard.helpers import as_of_version, record, score

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"readme-test: dataframes -->\s*```python\n(.*?)```", readme, re.DOTALL)
    assert block is not None
    as_of_version(write_part(tmp_path / "results", record("aa", scores=(score(),))), 1)
    write_part(tmp_path / "results", record("bb", scores=(score(ci_low=0.5), score("mae"))))
    monkeypatch.chdir(tmp_path)
    for line in block[1].strip().splitlines():
        statement, _, expression = line.partition("; ")
        scope: dict[str, object] = {}
        exec(statement, scope)
        frame = eval(expression, scope)
        assert len(frame) == 3, line
        if not isinstance(frame, pandas.DataFrame):
            frame = frame.df() if hasattr(frame, "df") else frame.to_pandas()
        assert sorted(frame["ci_low"].dropna()) == [0.5], line
        assert set(frame["run_id"] + "x") == {"aax", "bbx"}, line
