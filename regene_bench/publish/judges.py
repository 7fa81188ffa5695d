"""The weights that judged a leaderboard's runs, for those whose runs are to stand beside them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from regene_bench.leaderboard.merge import Source
from regene_bench.runtime.shared_weights import copy_weights, shared_files


def judging_files(sources: Sequence[Source]) -> dict[str, bytes]:
    """Read what trained extractors judged the runs of some leaderboards by.

    Args:
        sources: Leaderboards; those that are a single file bring none.

    Returns:
        Files by their names in a results folder (``shared/neutral-…/….safetensors``), sorted: who
        puts them into an own one is judged by the same weights.

    Raises:
        ResultsError: They cannot be read.
    """
    with tempfile.TemporaryDirectory() as name:
        gathered = Path(name)
        copy_weights([source.path for source in sources], gathered)
        paths = shared_files(gathered)
        return {path.relative_to(gathered).as_posix(): path.read_bytes() for path in paths}
