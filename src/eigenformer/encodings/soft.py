"""Soft targets: a mantissa shares its target with its neighbours, and how to read it back.

A Gaussian over the mantissas of one exponent is cut off at the decade, so near its ends the median
of the target is not the mantissa that it stands for: with a width of 2%, 999 has the median 986 and
100 has 101. Who answers with a median therefore maps it back through the medians of the targets
(`median_bounds`): what a target says and what is read from it then agree.

Letters: K words, W neighbours, S bounds: one fewer than the words of a slot.
"""

import math

import numpy as np
from jaxtyping import Float32, Float64, Int64

from .base import Encoding


def soft_targets(
    encoding: Encoding, width: float, words: Int64[np.ndarray, " K"] | None = None
) -> tuple[Int64[np.ndarray, "K W"], Float32[np.ndarray, "K W"]]:
    """For each of `words` (None: all) the words that share its target, and their weights.

    The target of a mantissa m is a Gaussian of standard deviation max(`width` m, 0.3) over the
    mantissas of the same sign and exponent within 3 `width` of the largest. Other words, and all
    of them where `width` is 0, are their own targets. Rows of weights sum to 1.
    """
    numbers = encoding.token_numbers()
    reach = math.ceil(3 * width * (numbers.mantissa_range - 1))
    # Normalised mantissas only; digits of a longer mantissa (P10) have no neighbours in this sense.
    smallest = numbers.mantissa_range // 10
    shared = (numbers.mantissa >= smallest) & (numbers.mantissa_range > 10) & (width > 0)
    exponent = np.nan_to_num(numbers.exponent, nan=0.0)
    mantissa = np.nan_to_num(numbers.mantissa, nan=0.0).astype(np.int64)
    # Words with the same sign and exponent share a row of this table: word by mantissa, or -1.
    _, row = np.unique(np.stack([numbers.sign, exponent]), axis=1, return_inverse=True)
    row = row.reshape(-1)
    table = np.full((row.max() + 1, numbers.mantissa_range + 2 * reach), -1)
    table[row[shared], mantissa[shared] + reach] = np.flatnonzero(shared)
    words = np.arange(len(row)) if words is None else words
    neighbours = np.repeat(words[:, None], 2 * reach + 1, axis=1)
    weights = np.zeros(neighbours.shape, np.float32)
    soft = shared[words]
    weights[~soft, reach] = 1
    offsets, chosen = np.arange(-reach, reach + 1), words[soft]
    near = table[row[chosen][:, None], mantissa[chosen][:, None] + offsets + reach]
    spread = np.maximum(width * mantissa[chosen], 0.3)[:, None]
    neighbours[soft] = np.where(near >= 0, near, neighbours[soft])
    weights[soft] = np.where(near >= 0, np.exp(-0.5 * (offsets / spread) ** 2), 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    return neighbours, weights


def median_bounds(encoding: Encoding, width: float, slot: range) -> Float64[np.ndarray, " S"]:
    """Where medians of distributions over the words of `slot` pass from one answer to the next.

    Medians are in words from the first of `slot`, with a fraction; those words are in the order of
    what they mean. The bounds lie half-way between the medians of neighbouring targets, so that the
    median of each word's own target is read as that word: as ever, where targets are symmetric.
    """
    numbers = encoding.token_numbers()
    mantissa = numbers.mantissa[slot.start : slot.stop]
    smallest, largest = numbers.mantissa_range // 10, numbers.mantissa_range - 1
    median = np.arange(len(slot), dtype=np.float64)
    reach = math.ceil(3 * width * largest)
    soft = (mantissa >= smallest) & (largest > 9) & (width > 0)
    cut = np.flatnonzero(soft & ((mantissa - reach < smallest) | (mantissa + reach > largest)))
    if len(cut):
        neighbours, weights = soft_targets(encoding, width, cut + slot.start)
        order = np.argsort(neighbours, axis=1, kind="stable")
        found, shares = (np.take_along_axis(table, order, 1) for table in (neighbours, weights))
        below = shares.cumsum(axis=1, dtype=np.float64)
        at = np.arange(len(cut)), (below >= 0.5).argmax(axis=1)
        median[cut] = found[at] - slot.start + 0.5 - (below[at] - 0.5) / shares[at]
    bounds: Float64[np.ndarray, " S"] = (median[1:] + median[:-1]) / 2
    # What is no target, such as 099 in P1000, takes nothing from the words that are.
    edge = np.flatnonzero(soft[1:] != soft[:-1])
    bounds[edge] = edge + 0.5
    return bounds
