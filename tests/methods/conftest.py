from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from regene_bench.api import BenchmarkData

from .builders import METHODS, FittedWhenAsked, fit, make_data, make_runtime


@pytest.fixture(scope="session")
def stripes() -> BenchmarkData:
    return make_data()


@pytest.fixture(scope="session")
def models(stripes: BenchmarkData, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """One small fitted model of each method, fitted when it is asked for."""
    return FittedWhenAsked(
        METHODS, lambda name: fit(name, stripes, make_runtime(tmp_path_factory.mktemp(name)))
    )
