"""Prints which readers of Parquet read a results folder, and whether every value is as it is here.

    regene-bench run digits
    python -m venv readers && readers/bin/pip install pyarrow pandas fastparquet polars duckdb \\
        datafusion chdb daft datasets pyspark
    (mkdir node && cd node && npm install hyparquet parquet-wasm apache-arrow @dsnp/parquetjs)
    python benchmarks/readers/compare.py results --python readers/bin/python --node node

The folder is read as it is, compacted, as `publish` writes it in one file, and mixed with files as
older versions wrote them: as each reader does it by itself, asked for the union of columns by name,
and after `regene-bench migrate`. A value that a reader gives another type of number counts as equal
where it is the same number. The table is written into docs/readers.md with `--write`.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.readers.with_python import BY_NAME, READERS, plain
from regene_bench.harness.compaction import compact
from regene_bench.harness.migration import migrate
from regene_bench.leaderboard.merge import without_tracebacks
from regene_bench.leaderboard.parts import read_parts
from regene_bench.leaderboard.places import part_files
from regene_bench.publish.downloads import write_downloads
from tests.leaderboard.helpers import as_of_version

ROOT = Path(__file__).resolve().parents[2]
NODE = ("hyparquet", "parquet-wasm", "@dsnp/parquetjs")
KEY = ("run_id", "metric", "class", "extractor_id", "reference_split")
BEGIN, END = "<!-- printed by benchmarks/readers/compare.py -->", "<!-- end -->"
PAGE = ROOT / "docs" / "readers.md"

Rows = Sequence[Mapping[str, Any]]


def forms_of(results: Path, folder: Path) -> dict[str, tuple[Path, Rows]]:
    """Make the folders that are read, each with the rows that our own reader finds in it.

    Args:
        results: A finished run's folder; it is copied.
        folder: Where to make them.
    """
    names = ("parts", "compacted", "mixed", "migrated")
    made = {name: folder / name for name in names}
    for where in made.values():
        shutil.copytree(results / "leaderboard", where / "leaderboard")
    for name in sorted({path.parent.name for path in part_files(results)}):
        compact(made["compacted"], name)
    for where in (made["mixed"], made["migrated"]):
        # the first file by its name is an old one, as is every other
        for number, path in enumerate(part_files(where)):
            if number % 2 == 0:
                as_of_version(path, 1 + number // 2 % 2)
    for name in sorted({path.parent.name for path in part_files(results)}):
        migrate(made["migrated"], name)
    made["published"] = folder / "published"
    published = without_tracebacks(read_parts(made["parts"])[0])
    write_downloads(published, made["published"])
    rows = {name: ours(made[name]) for name in names}
    rows["published"] = [
        {key: plain(value) for key, value in row.items()} for row in published.to_pylist()
    ]
    forms = {name: (made[name], rows[name]) for name in ("parts", "compacted", "published")}
    forms["mixed"] = forms[f"mixed, {BY_NAME}"] = (made["mixed"], rows["mixed"])
    return forms | {"mixed, migrated": (made["migrated"], rows["migrated"])}


def ours(results: Path) -> Rows:
    table, bad = read_parts(results)
    assert not bad, bad
    return [{key: plain(value) for key, value in row.items()} for row in table.to_pylist()]


def told(found: Rows | str, wanted: Rows) -> str:
    """What became of a reading: ``equal``, or what is wrong first."""
    if isinstance(found, str):
        return found[:90].replace("|", "/")
    missing = sorted(set(wanted[0]) - {name for row in found for name in row})
    if missing:
        return f"lacks {', '.join(missing)}"
    if len(found) != len(wanted):
        return f"{len(found)} rows of {len(wanted)}"
    different = {
        name
        for here, there in zip(ordered(wanted), ordered(found), strict=True)
        for name in here
        if name != "schema_version" and not same(here[name], there.get(name))
    }
    if different:
        return f"other values of {', '.join(sorted(different))}"
    return "equal, times to the millisecond" if _in_milliseconds(found) else "equal"


def _in_milliseconds(found: Rows) -> bool:
    """Whether times came as JavaScript's, which know no more."""
    return any(isinstance(v, dict) and "milliseconds" in v for v in found[0].values())


def ordered(rows: Rows) -> Rows:
    return sorted(rows, key=lambda row: [str(row.get(name) or "") for name in KEY])


def same(here: Any, there: Any) -> bool:
    if isinstance(there, dict):
        if "milliseconds" in there:
            return bool(here is not None and here // 1000 == there["milliseconds"])
        there = int(there["integer"])
    if isinstance(here, str) or here is None or there is None:
        return bool(here == there)
    # Python compares an integer and a float by their values, without rounding either
    return isinstance(there, int | float) and math.isfinite(there) and here == there


def asked(command: Sequence[str], where: Path) -> dict[str, Any]:
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, check=False)
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        words = done.stderr.strip().splitlines()
        raise SystemExit(f"{' '.join(command[:3])}: {words[-1] if words else done.returncode}")
    answer: dict[str, Any] = json.loads(lines[-1])
    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("--python", default=sys.executable, help="of an environment of readers")
    parser.add_argument("--node", type=Path, help="a folder with node_modules of readers")
    parser.add_argument("--only", default="", help="readers, with semicolons between")
    parser.add_argument("--write", action="store_true", help="the table into docs/readers.md")
    given = parser.parse_args()
    here = Path(__file__).resolve().parent
    commands = {
        name: ([given.python, str(here / "with_python.py"), name], ROOT) for name in READERS
    }
    if given.node is not None:
        code = (here / "with_node.mjs").read_text(encoding="utf-8")
        for name in NODE:
            commands[name] = (["node", "--input-type=module", "-e", code, name], given.node)
    only = [name for name in given.only.split(";") if name] or list(commands)
    with tempfile.TemporaryDirectory() as folder:
        forms = forms_of(given.results, Path(folder))
        folders = json.dumps({name: str(where) for name, (where, _) in forms.items()})
        lines = [f"| reader | version | {' | '.join(forms)} |", "|---" * (len(forms) + 2) + "|"]
        print("\n".join(lines), flush=True)
        for name in only:
            command, where = commands[name]
            answer = asked([*command, folders], where)
            cells = [told(answer["found"][form], rows) for form, (_, rows) in forms.items()]
            lines.append(f"| {name} | {answer['version']} | {' | '.join(cells)} |")
            print(lines[-1], flush=True)
    if given.write:
        text = PAGE.read_text(encoding="utf-8")
        before, after = text.split(BEGIN)[0], text.split(END)[1]
        table = "\n".join(lines)
        PAGE.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
