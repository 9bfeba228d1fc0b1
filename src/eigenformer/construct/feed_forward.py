"""The ReLU network of a layer as two matrices: column += W2 relu(W1 column)."""

import numpy as np
from jaxtyping import Float64

from .parts import Layer
from .spec import Spec


def feed_forward(
    layer: Layer, spec: Spec
) -> tuple[Float64[np.ndarray, "D w"], Float64[np.ndarray, "w D"]]:
    """W1 and W2 of a layer's units; biases come from a row of ones (`Unit.bias`)."""
    ups = [np.zeros((0, spec.layout.width))]
    downs = [np.zeros((0, spec.layout.width))]
    for unit in layer.units:
        scale, bias, weight = unit.function.relus().T
        up = np.outer(scale, unit.read)
        if bias.any():
            up[:, spec.layout[unit.bias].start] += bias
        ups.append(up)
        downs.append(np.outer(weight, unit.write))
    return np.concatenate(ups), np.concatenate(downs).T
