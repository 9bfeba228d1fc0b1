"""Sizes of matrices and relative errors, a whole batch at a time."""

import numpy as np
from jaxtyping import Float64

NORMS = ("l1", "l2", "l2_squared", "max")
"""Entrywise sum of magnitudes (the paper's), Frobenius, its square (the paper's "L2"), largest."""
PerInput = dict[str, Float64[np.ndarray, " B"]]
"""Figures by name, such as errors in each norm: one for each input."""


def norms(x: Float64[np.ndarray, "B *shape"]) -> PerInput:
    """Every norm in `NORMS` of each x[i], all entries counted (Charton 2022, appendix B).

    Divided by the largest entry before anything is squared; "l2_squared" alone can overflow.
    """
    flat = np.abs(x.reshape(len(x), -1))
    largest, unit = flat.max(axis=1, initial=0.0), unit_size(flat)
    length = np.where(largest < np.inf, largest, 1.0) * np.sqrt(np.einsum("bi,bi->b", unit, unit))
    with np.errstate(over="ignore"):
        return {"l1": flat.sum(axis=1), "l2": length, "l2_squared": length**2, "max": largest}


def ratio(
    error: Float64[np.ndarray, "..."], reference: Float64[np.ndarray, "..."]
) -> Float64[np.ndarray, "..."]:
    """error / reference; over a zero reference 0 if the error is 0 and inf otherwise; never nan."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        out = np.asarray(error / reference)
    exact = (error == 0) & (reference == 0)
    return np.where(exact, 0.0, np.where(np.isnan(out), np.inf, out))


def relative(
    error: Float64[np.ndarray, "B *shape"],
    reference: dict[str, Float64[np.ndarray, "..."]],
) -> PerInput:
    """||error|| / reference in every norm, `reference` being the result of `norms`."""
    size = norms(error)
    out = {name: ratio(size[name], reference[name]) for name in NORMS}
    with np.errstate(over="ignore"):  # the squares of both may overflow where their ratio does not
        return {**out, "l2_squared": out["l2"] ** 2}


def relative_l1(
    error: Float64[np.ndarray, "B *shape"], reference: Float64[np.ndarray, "B *other"]
) -> Float64[np.ndarray, " B"]:
    """||error|| / ||reference|| in L1."""
    return ratio(_l1(error), _l1(reference))


def _l1(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(x).reshape(len(x), -1).sum(axis=1))


def unit_size(x: Float64[np.ndarray, "B *shape"]) -> Float64[np.ndarray, "B *shape"]:
    """Each x[i] over its largest magnitude, to be squared; zeros and what is not finite stay."""
    largest = np.abs(x.reshape(len(x), -1)).max(axis=1, initial=0.0)
    safe = np.where((largest > 0) & np.isfinite(largest), largest, 1.0)
    return np.asarray(x / safe.reshape(-1, *(1,) * (x.ndim - 1)))


def worst(terms: list[PerInput]) -> PerInput:
    """The largest of several relative errors, norm by norm."""
    return {name: np.maximum.reduce([term[name] for term in terms]) for name in NORMS}
