"""What the author of a data source imports: finding, fetching and decoding images.

A source (``regene_bench.api.DatasetSource``) does three things; for each there is a function that
does it whole, and the parts that this function is made of:

1. Find the data. ``find_folder`` looks through the folders that the user named and, where the data
   set is nowhere, says which places it looked in, and ``what_is_there``. ``fetch`` and
   ``fetch_all`` download a published ``Archive`` and keep it only if its SHA-256 is right.
2. Know its layout. ``detect_layout`` recognises idx files, CIFAR-10's batches, image Parquet,
   StyleGAN's ``dataset.json`` and class folders, the last two in zips as well, and returns a
   ``Layout`` whose ``read`` decodes one split. Its parts are ``find_class_folders``,
   ``find_one_class``, ``find_parquet`` and ``read_idx``. Arrays in a ``.npz`` and CSV files with a
   column a pixel are found by ``find_npz`` and ``find_pixel_csv``.
3. Decode. ``decode_images`` turns encoded files or bytes into one uint8 array ``[N, C, H, W]`` of
   the benchmark's shape, ``fit_images`` does the same to pixels that are decoded already, and
   ``Records`` list a split that is too large to hold in memory twice.

Classes are ordered and numbered by one rule: ``in_natural_order`` sorts names that no file lists,
``labels_of_integers`` and ``labels_of_names`` say which classes integers and words mean.

Like ``regene_bench.api``, this module keeps its names between versions; the modules behind it do
not.
"""

from __future__ import annotations

from regene_bench.data.cifar_batches import CIFAR_FOLDER
from regene_bench.data.class_folders import ClassFolders, find_class_folders, find_one_class
from regene_bench.data.class_names import (
    in_natural_order,
    labels_of_integers,
    labels_of_names,
)
from regene_bench.data.decode import (
    DecodeOptions,
    Encoded,
    ProgressFn,
    decode_images,
    fit_images,
)
from regene_bench.data.download import Archive, fetch, fetch_all
from regene_bench.data.idx import read_idx
from regene_bench.data.layouts import Layout, LayoutKind, LayoutOptions, detect_layout
from regene_bench.data.locate import NotFoundError, find_folder
from regene_bench.data.npz_sets import NpzSet, find_npz
from regene_bench.data.parquet_files import ParquetFiles, ParquetOptions, find_parquet
from regene_bench.data.parquet_images import parquet_records
from regene_bench.data.pixel_csv_sets import (
    ColourOrder,
    PixelCsvOptions,
    PixelCsvSet,
    find_pixel_csv,
)
from regene_bench.data.records import Block, Records, decode_mixed, decode_records
from regene_bench.data.split_files import ImageFiles, animations_in, first_files, image_records
from regene_bench.data.what_is_there import what_is_there

__all__ = [
    "CIFAR_FOLDER",
    "Archive",
    "Block",
    "ClassFolders",
    "ColourOrder",
    "DecodeOptions",
    "Encoded",
    "ImageFiles",
    "Layout",
    "LayoutKind",
    "LayoutOptions",
    "NotFoundError",
    "NpzSet",
    "ParquetFiles",
    "ParquetOptions",
    "PixelCsvOptions",
    "PixelCsvSet",
    "ProgressFn",
    "Records",
    "animations_in",
    "decode_images",
    "decode_mixed",
    "decode_records",
    "detect_layout",
    "fetch",
    "fetch_all",
    "find_class_folders",
    "find_folder",
    "find_npz",
    "find_one_class",
    "find_parquet",
    "find_pixel_csv",
    "first_files",
    "fit_images",
    "image_records",
    "in_natural_order",
    "labels_of_integers",
    "labels_of_names",
    "parquet_records",
    "read_idx",
    "what_is_there",
]
