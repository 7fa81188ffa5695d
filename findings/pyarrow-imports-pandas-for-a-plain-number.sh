#!/usr/bin/env bash
# pyarrow 26.0.1 with pandas 3.1.1 beside it: pq.read_table, pa.array, and pyarrow.compute given a plain value.
#
# What a careful expert would guess: pandas is optional for pyarrow, and is imported by what has its name, as
# `to_pandas`. Who reads a Parquet file and filters it with `pc.equal(column, 1)`, or makes an array of a Python
# list, has nothing to do with it.
#
# What happens: whatever comes from Python is first looked at whether it is a Series, and to know that, pandas is
# imported: all of it, for the number 1. So does `pq.read_table(path)`, while `pq.ParquetFile(path).read()` of the
# same file does not, nor do functions that are given Arrow's own data. The first such call takes as long as the
# import, its megabytes stay, and nothing of it is used: where pandas is not found, every result is equal.
#
# Who is hurt: authors of command line tools and of functions in the cloud, who keep pandas out of what must start
# at once. They see it only where some other package has installed pandas: their own test environment may be fast.
# A process a request pays for it each time.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check numpy==2.4.6 pandas==3.1.1 pyarrow==26.0.1
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import json
import subprocess
import sys
from importlib.metadata import version

print("python", sys.version.split()[0], "pyarrow", version("pyarrow"), "pandas", version("pandas"))
PATH = sys.argv[1] + "/numbers.parquet"
# each call in a process of its own, after pyarrow is imported and a column is read
CALL = """
import json, resource, sys, time
BLOCK
import pyarrow as pa, pyarrow.compute as pc, pyarrow.parquet as pq

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

def imported():
    return sys.modules.get("pandas") is not None

column = pq.ParquetFile(PATH).read()["x"]
assert not imported()
before, began = peak(), time.perf_counter()
result = CALL
seconds, grown = time.perf_counter() - began, peak() - before
print(json.dumps([imported(), seconds, grown, result.to_pylist()]))
"""
# as if it were not installed
BLOCK = """
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name == "pandas":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
"""
WITH_PANDAS = ("pc.equal(column, 1)", "pa.array([1, 2, 3])", "pq.read_table(PATH)")
WITHOUT = ("pc.equal(column, column)", "pc.sort_indices(column)", "pq.ParquetFile(PATH).read()")


def run(code):
    code = code.replace("PATH", repr(PATH))
    return subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE).stdout


run("import pyarrow as pa, pyarrow.parquet as pq; pq.write_table(pa.table({'x': [3, 1, 2]}), PATH)")
found = {}
for call in WITH_PANDAS + WITHOUT:
    for blocked in (False, True):
        block = BLOCK if blocked else ""
        code = CALL.replace("BLOCK", block).replace("CALL", call)
        imported, seconds, grown, result = json.loads(run(code))
        found[call, blocked] = imported, result
        print(
            f"{call:<29}{'pandas hidden' if blocked else 'pandas there':<16}imported: {imported!s:<6}"
            f"{seconds * 1000:>8.1f} ms, {grown:>5.1f} MB more"
        )

as_seen = (
    all(found[call, False][0] for call in WITH_PANDAS)
    and not any(found[call, False][0] for call in WITHOUT)
    and all(found[call, False][1] == found[call, True][1] for call in WITH_PANDAS + WITHOUT)
)
print("as described" if as_seen else "this has changed")
sys.exit(0 if as_seen else 1)
PYTHON
