"""Trained models whose weights are a matrix program (docs/explained.md), compiled as circuits."""

from functools import cache

import numpy as np

from ..construct import CompiledNetwork, compile
from ..evaluation import TrainedSolver
from ..explanation.programs import bilinear_program, block_program, held_gates
from ..models.bilinear import BilinearModel
from ..models.blocks import BlockModel
from ..models.polar_frames import PolarFrameModel
from ..zoo import load
from .circuit import Circuit, Inputs
from .constructed import circuit

SIZE = 3


def make(name: str, model: str, seed: int) -> Circuit:
    """The program of a shipped model with distractors of a seed.

    Of networks of blocks the gates are held at their medians, as `explain` holds them.
    """
    compiled = _compiled(model)
    ports = compiled.spec.inputs

    def sample(stream: np.random.Generator, batch: int) -> Inputs:
        found = []
        for port in ports:
            a = stream.uniform(-10, 10, (batch, *port.shape))
            if port.name == "X":  # scaled as the network of blocks scales its input
                a /= (np.linalg.svd(a, compute_uv=False) ** 4).sum(1)[:, None, None] ** 0.25
            found.append(a)
        return tuple(found)

    return circuit(name, seed, compiled, sample, distracted=True)


@cache  # it takes seconds, and is the same for every seed
def _compiled(model: str) -> CompiledNetwork:
    solver = load(model)
    assert isinstance(solver, TrainedSolver)
    network = solver.model
    if isinstance(network, BilinearModel):
        source = bilinear_program(network)
    else:
        blocks = network.polar if isinstance(network, PolarFrameModel) else network
        assert isinstance(blocks, BlockModel)
        source = block_program(blocks, held_gates(blocks))
    shapes = {symbol: (SIZE, 1 if symbol == "v" else SIZE) for symbol in source.parameters}
    return compile(source, shapes=shapes)
