"""The weights that judged a leaderboard's runs, for those whose runs are to stand beside them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from regene_bench.leaderboard.merge import Source
from regene_bench.runtime.shared_weights import copy_weights, shared_files


def judging_files(sources: Sequence[Source], table: pa.Table) -> dict[str, bytes]:
    """Read what trained extractors judged the runs of some leaderboards by.

    Args:
        sources: Leaderboards; those that are a single file bring none.
        table: Rows of them: what judged no row is left out.

    Returns:
        Files by their names in a results folder (``shared/neutral-…/….safetensors``), sorted: who
        puts them into an own one is judged by the same weights.

    Raises:
        ResultsError: They cannot be read.
    """
    with tempfile.TemporaryDirectory() as name:
        gathered = Path(name)
        judges = set(table["weights_sha256"].unique().to_pylist())
        copy_weights([source.path for source in sources], gathered, judges)
        paths = shared_files(gathered)
        return {path.relative_to(gathered).as_posix(): path.read_bytes() for path in paths}
