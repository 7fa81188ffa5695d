"""Where samples come from, in the words of a row; nothing is imported."""

from __future__ import annotations

NO_LABELS = "none"
"""What users say in the place of labels where folders, columns and arrays are none."""
ARRAY = "an array"
TENSOR = "a tensor"
LIST = "a list of images"
PAIR = "a pair of images and labels"
DATA_SET = "a data set"
LOADER = "a data loader"
ITERATOR = "an iterator"
IN_MEMORY = (ARRAY, TENSOR, LIST, PAIR, DATA_SET, LOADER, ITERATOR)
"""What samples without a path are said to come from (``Samples.source``)."""
