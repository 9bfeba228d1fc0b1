"""How far two answers are apart."""

import numpy as np


def difference(found, expected):
    """The largest difference of two arrays or tensors."""
    return np.abs(np.asarray(found) - np.asarray(expected)).max()
