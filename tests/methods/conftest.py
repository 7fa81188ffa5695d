from __future__ import annotations

from typing import Any

import pytest

from regene_bench.api import BenchmarkData

from .builders import METHODS, fit, make_data, make_runtime


@pytest.fixture(scope="session")
def stripes() -> BenchmarkData:
    return make_data()


@pytest.fixture(scope="session")
def models(stripes: BenchmarkData, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One small fitted model of each method."""
    return {
        name: fit(name, stripes, make_runtime(tmp_path_factory.mktemp(name))) for name in METHODS
    }
