"""Gram matrices, factors and eigenvalues of symmetric matrices, in float64.

On a CPU they are LAPACK's by SciPy, which takes half of the work where a matrix is symmetric:
torch multiplies as if it were not, and does not offer the reduction of ``Lᵀ S L``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np
import torch
from threadpoolctl import ThreadpoolController
from torch import Tensor

from regene_bench.evaluation.finite import all_finite


def gram(rows: Tensor) -> Tensor:
    """The matrix ``Xᵀ X`` of ``[N, D]``, float64 ``[D, D]``."""
    if not _by_lapack(rows):
        return rows.T @ rows
    x = rows.detach().numpy()
    with _threads_of_torch():
        # NumPy sees that it is a matrix and its own transpose, and computes half of it
        return torch.from_numpy(x.T @ x)


def cholesky(matrix: Tensor) -> Tensor | None:
    """The lower triangular L with ``L Lᵀ`` = a finite matrix ``[D, D]``; None without one."""
    if not _by_lapack(matrix):
        factor, info = torch.linalg.cholesky_ex(matrix)
        return factor if int(info) == 0 else None
    from scipy.linalg import lapack

    with _threads_of_torch():
        # the upper factor of a matrix in the order of columns is the lower one in that of rows
        upper, info = lapack.dpotrf(matrix.detach().numpy().T, lower=0)
    return torch.from_numpy(upper.T) if info == 0 else None


def triangular_factor(matrix: Tensor) -> Tensor:
    """A lower triangular L with ``L Lᵀ`` = a matrix ``[D, D]`` that may be singular.

    It is NaN where the matrix holds values that are not finite.
    """
    if not all_finite(matrix):
        return torch.full_like(matrix, torch.nan)
    factor = cholesky(matrix)
    if factor is not None:
        return factor
    values, vectors = torch.linalg.eigh(matrix)
    # a root R of the matrix, R Rᵀ, turned into a triangle: Rᵀ = Q U gives Uᵀ U
    root = vectors * values.clamp(min=0).sqrt()
    upper: Tensor = torch.linalg.qr(root.T, mode="r").R
    return upper.T.contiguous()


def eigenvalues(matrix: Tensor) -> Tensor:
    """Eigenvalues of a symmetric matrix ``[D, D]``, ascending, float64 ``[D]``.

    All are NaN where the matrix holds values that are not finite.
    """
    if not _by_lapack(matrix):
        if not all_finite(matrix):
            return torch.full_like(matrix[0], torch.nan)
        values: Tensor = torch.linalg.eigvalsh(matrix)
        return values
    with _threads_of_torch():
        return _eigenvalues(matrix.detach().numpy().T.copy("F"))


def eigenvalues_between(factor: Tensor, matrix: Tensor) -> Tensor:
    """Eigenvalues of ``Lᵀ S L``, ascending, float64 ``[D]``.

    All are NaN where the product holds values that are not finite.

    Args:
        factor: L, lower triangular ``[D, D]``.
        matrix: S, symmetric ``[D, D]``.
    """
    if not _by_lapack(matrix):
        return eigenvalues(factor.T @ matrix @ factor)
    from scipy.linalg import lapack

    with _threads_of_torch():
        # In the order of columns L is the upper triangular Lᵀ, for which this is Lᵀ S L.
        upper = factor.detach().numpy().T
        reduced, _ = lapack.dsygst(matrix.detach().numpy().T, upper, itype=2, lower=0)
        return _eigenvalues(reduced)


def _eigenvalues(upper: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> Tensor:
    """Of a matrix in the order of columns, which is overwritten."""
    from scipy.linalg import eigh

    # LAPACK says nothing of them, and may take them for a matrix of zeros
    if not all_finite(torch.from_numpy(upper)):
        return torch.full((len(upper),), torch.nan, dtype=torch.float64)
    values = eigh(upper, lower=False, eigvals_only=True, overwrite_a=True, check_finite=False)
    return torch.from_numpy(values)


def _by_lapack(matrix: Tensor) -> bool:
    return matrix.device.type == "cpu" and matrix.dtype == torch.float64 and len(matrix) > 0


@contextmanager
def _threads_of_torch() -> Iterator[None]:
    """Let SciPy's and NumPy's libraries take as many threads as torch may.

    Apple's Accelerate has a number of its own, which nobody can change.
    """
    with _libraries().limit(limits=torch.get_num_threads(), user_api="blas"):
        yield


@cache
def _libraries() -> ThreadpoolController:
    # Looking for them takes milliseconds, and they do not change once all are loaded
    import scipy.linalg  # noqa: F401

    return ThreadpoolController()
