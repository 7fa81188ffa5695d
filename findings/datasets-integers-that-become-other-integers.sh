#!/usr/bin/env bash
# datasets 5.2.0 (Hugging Face), Dataset.class_encode_column and DatasetDict.class_encode_column of integer labels.
#
# What a careful expert would guess: labels that are 0, 1, … K-1 already keep their numbers. The method is the way to a
# column of classes, without which train_test_split(stratify_by_column=...) refuses integers; it has no reason to change
# what they are. And of a DatasetDict, one list of classes is made for all its splits.
#
# What happens: the integers are first written as words, and classes are numbered in the order of the words, in which
# "10" comes before "2". Up to ten classes nothing changes; of a hundred, 88 get another number, and of a thousand 988.
# What is written is still an integer in range. Of a DatasetDict, each split is numbered by what occurs in it: a class
# that is missing from the test split moves the numbers of those behind it, there and not in training.
#
# Who is hurt: whoever splits CIFAR-100, ImageNet's thousand classes or a MedMNIST set of eleven by class, and then asks
# a classifier that was trained elsewhere, conditions a published generator, or compares scores per class with a paper.
# A project that tries its code on CIFAR-10 sees nothing.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check numpy==2.4.6 pandas==3.1.1 pyarrow==26.0.1 \
    datasets==5.2.0
cd "$folder"
HF_HOME="$folder/cache" HF_HUB_OFFLINE=1 "$folder/venv/bin/python" -W ignore - <<'PYTHON'
import sys
from importlib.metadata import version

from datasets import Dataset, DatasetDict, disable_progress_bars

print("python", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("datasets", "pyarrow")))
disable_progress_bars()


def of(labels):
    return Dataset.from_dict({"label": labels})


try:
    of([0, 0, 1, 1]).train_test_split(test_size=0.5, stratify_by_column="label")
    refused = False
except ValueError as error:
    refused = True
    print("split by class, of integers:", str(error)[:67], "...")

kept = {}
for classes in (10, 11, 100, 1000):
    labels = list(range(classes))
    encoded = of(labels).class_encode_column("label")["label"][:]
    kept[classes] = sum(new == old for new, old in zip(encoded, labels))
    print(f"{classes:>5} classes: {kept[classes]:>3} keep their number; 2 becomes {encoded[2]}")

splits = DatasetDict(train=of([0, 1, 2, 3, 3]), test=of([0, 2, 3])).class_encode_column("label")
found = {name: split["label"][:] for name, split in splits.items()}
print("train [0, 1, 2, 3, 3] becomes", found["train"], "and test [0, 2, 3] becomes", found["test"])
as_seen = (
    refused
    and kept == {10: 10, 11: 2, 100: 12, 1000: 12}
    and found == {"train": [0, 1, 2, 3, 3], "test": [0, 1, 2]}
)
print("as described" if as_seen else "this has changed")
sys.exit(0 if as_seen else 1)
PYTHON
