"""Ways around known faults of the libraries that parity is shown with."""

from __future__ import annotations

import inspect
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import linalg


def with_working_sqrtm(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a module call ``sqrtm(..., disp=False)``, which SciPy 1.18 has removed.

    clean-fid and pytorch-fid expect the pair of root and error estimate that it used to return.
    """
    if "disp" in inspect.signature(linalg.sqrtm).parameters:
        return

    def sqrtm(matrix: np.ndarray, disp: bool = True) -> Any:
        root = linalg.sqrtm(matrix)
        return root if disp else (root, 0.0)

    monkeypatch.setattr(module, "linalg", SimpleNamespace(sqrtm=sqrtm))
