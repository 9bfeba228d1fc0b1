"""Counter-based random streams: the same (seed, purpose, index) gives the same numbers anywhere."""

import hashlib

import numpy as np

from .errors import InputError


def rng(seed: int, purpose: str = "", index: int = 0) -> np.random.Generator:
    """A Philox generator for the stream (`seed`, `purpose`, `index`).

    Different purposes ("train", "test", "init", ...) never share numbers, and stream `index` can be
    opened without drawing the ones before it, so training batch k is a pure function of (seed, k).
    """
    if not 0 <= seed < 2**63:
        raise InputError(f"seed is {seed}; give an integer from 0 to 2^63 - 1")
    if not 0 <= index < 2**63:
        raise InputError(f"stream index is {index}; give an integer from 0 to 2^63 - 1")
    salt = int.from_bytes(hashlib.blake2b(purpose.encode(), digest_size=8).digest(), "little")
    # The index sits in the counter's highest word: 2^192 draws before two streams could meet.
    # As uint64: from a list that mixes large and small integers NumPy goes through float64, and
    # seeds or indices that differ in their last bits would share a stream.
    key = np.array([seed, salt], np.uint64)
    counter = np.array([0, 0, 0, index], np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter))
