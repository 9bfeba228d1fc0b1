"""Specs written by hand, inputs and measures: what several tests of constructions share."""

import numpy as np
import torch

from eigenformer import ensembles
from eigenformer.construct import Head, Layer, Layout, Move, Port, Rows, Scalar, Spec, Stage, Unit
from eigenformer.core import rng


def newton(d=4, steps=12):
    """T Newton steps in T + 1 layers, width 4d (derivations.md, section 1d)."""
    layout = Layout.of(X=d, A=d, Z=d, I=d)
    x, a, z, i = (layout[name] for name in "XAZI")
    inner = Rows(0, d)

    def head(value, key, query, scale=1.0):
        return Head(value=value, key=(Move(inner, key),), query=(Move(inner, query, scale),))

    first = Layer(heads=(head((Move(z, i),), a, i),))
    step = Layer(heads=(head((Move(x, x),), z, x, -1.0), head((Move(x, x),), i, i)))
    return Spec(
        name="newton by hand",
        layout=layout,
        tokens=d,
        stages=(Stage(layers=(first,)), Stage(layers=(step,), repeat=steps)),
        inputs=(
            Port(name="A", shape=(d, d), block="A"),
            Port(name="X0", shape=(d, d), block="X"),
        ),
        output=Port(name="X", shape=(d, d), block="X"),
        constants={"I": np.eye(d)},
        identities=("I",),
        notes=("give X0",),
        theorem={"layers": "T + 1"},
    )


def everything(scores="linear", seed=0):
    """Heads of several ranks, biases, ReLU units, a mask, a scale, a linear map, normalising."""
    draw = np.random.default_rng(seed)
    d, n = 3, 5
    layout = Layout.of(X=d, Y=d, I=d, r=1, one=1)
    x, y, i, r, one = (layout[name] for name in ("X", "Y", "I", "r", "one"))
    matrix = draw.standard_normal((d, d))
    tanh = Scalar("tanh", torch.tanh, np.linspace(-2.0, 2.0, 9))
    identity = Scalar("z", lambda z: z)

    def unit(read, function, write):
        vectors = np.zeros((2, layout.width))
        for vector, row in zip(vectors, (read, write), strict=True):
            vector[row] = draw.standard_normal(len(row))
        return Unit(read=vectors[0], function=function, write=vectors[1])

    merged = Head(
        value=(Move(x, x, 0.5), Move(y, x, matrix)),
        key=(Move(Rows(0, d), y), Move(Rows(d, d), i)),
        query=(Move(Rows(0, d), x, -1.0), Move(Rows(d, d), i)),
    )
    bias = Head(
        value=(Move(r, one, 0.7),),
        key=(Move(Rows(0, 1), one), Move(Rows(1, 1), x[0])),
        query=(Move(Rows(0, 1), r), Move(Rows(1, 1), y[2])),
    )
    layers = (
        Layer(heads=(merged, bias), scores=scores, scale=1 / n, masked_keys=1),
        Layer(units=(unit([0, 4], tanh, [2, 9]), unit([1, 9], identity, [3]))),
        Layer(
            heads=(bias, merged, bias),
            scores=scores,
            linear=(Move(y, x, 0.3), Move(x, y, matrix)),
            normalise="rows",
            normalised=("X", "r"),
        ),
    )
    return Spec(
        name=f"everything, {scores}",
        layout=layout,
        tokens=n,
        stages=(Stage(layers=layers[:1]), Stage(layers=layers[1:], repeat=2)),
        inputs=(
            Port(name="A", shape=(n, d), block="X", transposed=True, shorter=True),
            Port(name="v", shape=(d,), block="Y", transposed=True, repeated=True, sign=-1.0),
        ),
        output=Port(name="out", shape=(n, d), block="X", transposed=True, sign=-1.0),
        constants={"I": np.eye(d, n), "one": np.ones((1, n))},
    )


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
