#!/usr/bin/env bash
# datasets 5.2.0 (Hugging Face), load_dataset("parquet", ...) and Dataset.from_parquet of more than one file.
#
# What a careful expert would guess: every Parquet file that the library writes carries the names of its classes, so
# files whose lists differ are renumbered when they are read together, or refused. concatenate_datasets of the same
# two files, read one by one, does refuse them, and its message shows both lists.
#
# What happens: the list of the first file is taken for all. The integers of the others stay as they are and get the
# first file's names, without a word, although the right names stand in every file. It makes no difference whether
# the files are parts of one split, are train and test, or are streamed. (Only labels are written here; with images
# beside them it is the same.)
#
# Who is hurt: whoever writes the parts or the splits of a labelled image set at different times. Lists differ as soon
# as a class is missing from one part (class_encode_column numbers what it finds there) or as two people sort
# differently. Accuracy on the test split and every score per class are then of permuted labels, and a generator is
# conditioned on the wrong class for a share of its images; since all numbers are in range, nothing fails.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check numpy==2.4.6 pandas==3.1.1 pyarrow==26.0.1 \
    datasets==5.2.0
cd "$folder"
HF_HOME="$folder/cache" HF_HUB_OFFLINE=1 "$folder/venv/bin/python" -W ignore - <<'PYTHON'
import json
import sys
from importlib.metadata import version

import pyarrow.parquet as pq
from datasets import Dataset, concatenate_datasets, disable_progress_bars, load_dataset

print("python", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("datasets", "pyarrow")))
disable_progress_bars()
WRITTEN = {"first.parquet": ["cat", "dog", "emu"], "second.parquet": ["cat", "emu", "fox"]}


def names(part):
    """The names of a part's labels, as the library itself translates them."""
    return [part.features["label"].int2str(row["label"]) for row in part]


for file, words in WRITTEN.items():
    Dataset.from_dict({"label": words}).class_encode_column("label").to_parquet(file)
    metadata = json.loads(pq.read_schema(file).metadata[b"huggingface"])
    print(f"{file} holds {words}; its list: {metadata['info']['features']['label']['names']}")
FILES = list(WRITTEN)
alone = [Dataset.from_parquet(file) for file in FILES]
first, second = WRITTEN.values()
splits = load_dataset("parquet", data_files={"train": FILES[0], "test": FILES[1]})
read = {
    "each file alone": [names(part) for part in alone],
    "load_dataset, one split": names(load_dataset("parquet", data_files=FILES, split="train")),
    "load_dataset, streamed": names(load_dataset("parquet", data_files=FILES, split="train", streaming=True)),
    "Dataset.from_parquet": names(Dataset.from_parquet(FILES)),
    "load_dataset, train and test": [names(splits["train"]), names(splits["test"])],
}
for way, words in read.items():
    print(f"{way:<30}{words}")
try:
    concatenate_datasets(alone)
    refused = False
except ValueError as error:
    refused = True
    print("concatenate_datasets of the two:", type(error).__name__, str(error)[:36], "...")

taken = ["cat", "dog", "emu"]  # what 0, 1, 2 mean by the first list
as_seen = (
    refused
    and read["each file alone"] == [first, second]
    and read["load_dataset, train and test"] == [first, taken]
    and all(
        read[way] == first + taken
        for way in ("load_dataset, one split", "load_dataset, streamed", "Dataset.from_parquet")
    )
)
print("as described" if as_seen else "this has changed")
sys.exit(0 if as_seen else 1)
PYTHON
