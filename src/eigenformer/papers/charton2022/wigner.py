"""Eigenvalues of random symmetric matrices, measured (Charton 2022, appendix H)."""

import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float64

from ...core import InputError, rng
from ...ensembles import Ensemble, IidGaussian, IidLaplace, IidUniform

LAWS: dict[str, type[Ensemble]] = {
    "uniform": IidUniform,
    "gaussian": IidGaussian,
    "laplace": IidLaplace,
}
"""Of the coefficients, by name: the rows of figure 3."""
_BLOCK = 1 << 18
"""Coefficients drawn at once: 2 MB, which stays in a core's cache."""
_REACH = 3.0
"""Standard deviations on either side of 0 that histograms cover; the semicircle ends at 2."""


@dataclass(frozen=True, kw_only=True)
class Spectrum:
    """The eigenvalues of many symmetric matrices with independent coefficients."""

    law: str
    dim: int
    """Rows of a matrix."""
    matrices: int
    std: float
    """Standard deviation of all eigenvalues about their mean."""
    std_error: float
    """Of `std`. The eigenvalues of one matrix depend on each other, so what counts as one
    observation is a matrix: the mean of its squared eigenvalues."""
    theory: float
    """What `std` tends to: sigma sqrt(n), exact at every size n and for every law of the
    coefficients, as n E[lambda^2] = E[trace M^2] = n^2 sigma^2."""
    edges: tuple[float, ...]
    """Of the histogram's bins."""
    density: tuple[float, ...]
    """Share of the eigenvalues in each bin, by the bin's width; beyond the bins lies the rest."""

    @property
    def deviation(self) -> float:
        """From theory, in standard errors."""
        return (self.std - self.theory) / self.std_error


def semicircle(x: Float64[np.ndarray, " X"], std: float) -> Float64[np.ndarray, " X"]:
    """Wigner's density sqrt(4 s^2 - x^2) / (2 pi s^2): the limit for large matrices."""
    return np.sqrt(np.maximum(4 * std**2 - x**2, 0.0)) / (2 * math.pi * std**2)


def spectrum(
    law: str, dim: int, matrices: int, seed: int = 0, *, scale: float = 10.0, bins: int = 120
) -> Spectrum:
    """Measure the eigenvalues of symmetric `dim` x `dim` matrices.

    Their coefficients have the law `law` and the standard deviation sigma = `scale`/sqrt(3). The
    result is a function of the arguments; blocks of matrices are shared out to the machine's cores.
    """
    if law not in LAWS:
        raise InputError(f"law is {law!r}; give one of {', '.join(LAWS)}")
    if dim < 1 or matrices < 2 or bins < 1:
        raise InputError(
            f"dim is {dim}, matrices {matrices} and bins {bins}; "
            "give at least 1 row, 2 matrices and 1 bin"
        )
    ensemble = LAWS[law](dims=(dim, dim), scale=scale)
    theory = ensemble.std * math.sqrt(dim)
    edges = np.linspace(-_REACH * theory, _REACH * theory, bins + 1)
    size = max(1, _BLOCK // dim**2)
    sizes = [min(size, matrices - start) for start in range(0, matrices, size)]
    block = partial(_block, ensemble, seed, edges)
    # NumPy lets go of the interpreter while it draws and diagonalises, so threads suffice.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(block, range(len(sizes)), sizes))
    means = np.concatenate([part[0] for part in found])
    squares = np.concatenate([part[1] for part in found])
    counts = np.sum([part[2] for part in found], axis=0)
    mean = means.mean()
    # For each matrix, the mean square of its eigenvalues about the mean of all of them.
    spread = squares - 2 * mean * means + mean**2
    std = math.sqrt(spread.mean())
    return Spectrum(
        law=law,
        dim=dim,
        matrices=matrices,
        std=std,
        # By the delta method: d std = d std^2 / (2 std).
        std_error=float(spread.std(ddof=1)) / math.sqrt(matrices) / (2 * std),
        theory=theory,
        edges=tuple(edges.tolist()),
        density=tuple((counts / (matrices * dim * np.diff(edges))).tolist()),
    )


def _block(
    ensemble: Ensemble, seed: int, edges: np.ndarray, index: int, size: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of `size` matrices: means and mean squares of their eigenvalues, and the histogram."""
    name = ensemble.registry.name_of(ensemble)
    generator = rng(seed, f"wigner:{name}:{ensemble.dims}", index)
    values = ensemble.draw(generator, size, symmetric=True).values
    eigenvalues = np.linalg.eigvalsh(values)
    counts, _ = np.histogram(eigenvalues, edges)
    return eigenvalues.mean(axis=1), (eigenvalues**2).mean(axis=1), counts
