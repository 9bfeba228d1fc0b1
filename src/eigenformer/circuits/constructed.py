"""Circuits from the catalogue of constructed networks, and how any network becomes a circuit."""

from collections.abc import Callable

import numpy as np

from ..construct import CATALOGUE, CompiledNetwork, Network
from ..core import rng
from .circuit import Circuit, Inputs
from .distract import with_distractors
from .flow import truth_of
from .members import CIRCUITS


def make(name: str, seed: int) -> Circuit:
    """The network of the catalogue with distractors of a seed."""
    entry = CATALOGUE.get(name)
    return circuit(name, seed, entry.build(), entry.draw, distracted=True)


def circuit(
    name: str,
    seed: int,
    network: Network,
    sample: Callable[[np.random.Generator, int], Inputs],
    distracted: bool = False,
) -> Circuit:
    """A registered circuit of a constructed network; `distracted` gives it distractors."""
    spec, member = network.spec, CIRCUITS.get(name)
    allocation = network.compiled.allocation if isinstance(network, CompiledNetwork) else None
    if distracted:
        spec = with_distractors(spec, rng(seed, f"circuit {name} distractors"))
        network = Network(spec, exact=network.exact)
    return Circuit(
        name=name,
        family=member.family,
        summary=member.summary,
        seed=seed,
        network=network,
        truth=truth_of(name, seed, spec, allocation),
        sample=sample,
    )
