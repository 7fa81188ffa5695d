"""Tables of measured studies stand behind the words, with the command that makes them again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from regene_bench.studies.exhibit_files import keep_exhibit
from regene_bench.studies.figure import Exhibit

ROOT = Path(__file__).parents[2]
WORDS = "What was seen.\n\n"
MARK = "<!-- printed by benchmarks/studies.py -->"


def keep(results: Path, benchmark: str, value: float, **asked: object) -> None:
    about = {"study": "small", "runs": {benchmark: ["0"]}, "asked": asked}
    data = {"benchmark": [benchmark], "method": ["cgan"], "fid": [value]}
    keep_exhibit(results / "studies/small/quick", Exhibit("scores", "Means.", data), about)


def printed(results: Path, docs: Path, *options: str) -> subprocess.CompletedProcess[str]:
    script = ROOT / "benchmarks" / "studies.py"
    command = [sys.executable, str(script), str(results), "small", "--write", str(docs), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_tables_take_the_place_of_earlier_ones_or_come_behind_them(tmp_path: Path) -> None:
    page = tmp_path / "small.md"
    page.write_text(f"{WORDS}{MARK}\n\nold\n")
    keep(tmp_path, "mnist", 12.34)
    assert printed(tmp_path, tmp_path).returncode == 0
    first = page.read_text()
    assert first.startswith(f"{WORDS}{MARK}\n\n    regene-bench study small")
    assert "| mnist | cgan | 12.3 |" in first
    assert "old" not in first
    asked = {"methods": "cgan[noise_dim=0|8]", "settings": ["cgan.images=64"]}
    keep(tmp_path, "digits", 5.0, **asked)
    assert printed(tmp_path, tmp_path, "--append").returncode == 0
    both = page.read_text()
    assert both.startswith(first.rstrip("\n"))
    assert "| digits | cgan | 5.000 |" in both
    command = (
        "    regene-bench study small --preset quick --benchmarks digits "
        "--methods 'cgan[noise_dim=0|8]' --set cgan.images=64\n"
    )
    assert command in both
    again = printed(tmp_path, tmp_path, "--append")
    assert (again.returncode, "has this already" in again.stderr) == (2, True)
    assert page.read_text() == both
