"""Measures of networks and of their answers, and inputs for them."""

import numpy as np

from eigenformer import ensembles
from eigenformer.core import rng


def difference(found, expected):
    """The largest difference of two arrays or tensors."""
    return np.abs(np.asarray(found) - np.asarray(expected)).max()


def heads(network):
    """The most heads in a layer."""
    return max((len(layer.heads) for layer in network.spec.layers), default=0)


def started(x):
    """Tokens x and M_0 = S / ||S||_2^2, S = X^T X."""
    gram = x.swapaxes(1, 2) @ x
    return x, gram / np.linalg.norm(gram, 2, axis=(1, 2))[:, None, None] ** 2


def conditioned(condition, dims=(5, 5), batch=50, seed=0):
    """Matrices of a condition number."""
    ensemble = ensembles.get("conditioned", dims=dims, condition=float(condition))
    return ensemble.sample(rng(seed), batch)
