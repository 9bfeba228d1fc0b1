"""How well methods find the circuits: scores against the truth, by circuit and by family."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64

from ..core import InputError, at_least
from .circuit import Circuit
from .members import CIRCUITS, FAMILIES, load, names
from .methods import METHODS, Method
from .truth import ANSWER, Truth

THRESHOLD = 0.01
"""The effect from which on a component counts as found."""
NOISE = 1e-10
"""Below that an effect is rounding, and taken for none."""
INPUTS = 8


@dataclass(frozen=True, kw_only=True)
class MethodScore:
    """A method on a circuit, or its means over several; shares are from 0 to 1."""

    circuit: str
    """Or a family, or "all"."""
    family: str
    method: str
    seeds: tuple[int, ...]
    components: float
    inside: float
    aurocs: tuple[float | None, ...]
    """Of each seed: how often a component of the circuit has the larger effect than one outside, of
    all such pairs; half of those with equal effects count. None where there are no pairs."""
    found: float
    """The share of the circuit's components with an effect of at least `THRESHOLD`."""
    wrong: float
    """The share of the components outside that have one."""
    edges: float | None
    """The AUROC of pairs, where the method gives those."""
    misses: tuple[str, ...] = ()
    """Components of the circuit that were not found, as "seed:name"; of single circuits."""
    false: tuple[str, ...] = ()
    """Components outside that were."""

    @property
    def auroc(self) -> float | None:
        return _mean(self.aurocs)

    @property
    def range(self) -> tuple[float, float] | None:
        """The AUROC of the worst and of the best seed."""
        known = [area for area in self.aurocs if area is not None]
        return (min(known), max(known)) if known else None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "auroc": self.auroc, "range": self.range}


def score(
    circuits: Sequence[str] = (),
    methods: Sequence[str] = ("patching", "paths"),
    seeds: Sequence[int] = (0, 1, 2),
    inputs: int = INPUTS,
    done: Callable[[str], None] = lambda name: None,
) -> list[MethodScore]:
    """A score for each circuit (all of them by default) and method, its means over the seeds.

    A seed draws the inputs, the distractors and the random programs. `done` is told each name.
    """
    at_least(1, inputs=inputs)
    if not seeds or not methods:
        raise InputError("give at least one seed and one method")
    chosen = {name: METHODS.item(name) for name in methods}
    found = []
    for name in circuits or names():
        family = CIRCUITS.get(name).family
        made = [load(name, seed) for seed in seeds]
        for method, run in chosen.items():
            each = [_of_seed(circuit, method, run, inputs) for circuit in made]
            areas = tuple(area for one in each for area in one.aurocs)
            found.append(replace(_together(name, family, each), seeds=tuple(seeds), aurocs=areas))
        done(name)
    return found


def summarised(scores: Iterable[MethodScore]) -> list[MethodScore]:
    """The means over each family, and over all circuits, of every method."""
    scores = list(scores)
    families = [name for name in FAMILIES if any(one.family == name for one in scores)]
    families += sorted({one.family for one in scores} - set(families))
    found = []
    for family in (*families, "all"):
        here = [one for one in scores if family in (one.family, "all")]
        for method in dict.fromkeys(one.method for one in here):
            found.append(_together(family, family, [o for o in here if o.method == method]))
    return found


def checked(circuit: Circuit, method: str, effects: Any) -> Float64[np.ndarray, "..."]:
    """Effects [C] or [C, C + 1] as numbers; an `InputError` for anything else."""
    count = len(circuit.truth.components)
    found = np.asarray(effects, dtype=np.float64)
    if found.shape not in ((count,), (count, count + 1)):
        raise InputError(
            f"the method {method} gave {list(found.shape)} for {circuit.name}, which has {count} "
            f"components; give [{count}], or [{count}, {count + 1}] for senders and receivers"
        )
    if np.isnan(found).any():
        raise InputError(f"the method {method} gave a nan for {circuit.name}; give numbers")
    return np.where(np.abs(found) < NOISE, 0.0, np.abs(found))


def auroc(effects: Float64[np.ndarray, " k"], inside: Bool[np.ndarray, " k"]) -> float | None:
    """The area under the ROC curve; None where one side is empty."""
    positive, negative = effects[inside], effects[~inside]
    if not len(positive) or not len(negative):
        return None
    above = positive[:, None] > negative
    equal = positive[:, None] == negative
    return float((above + 0.5 * equal).mean())


def _of_seed(circuit: Circuit, method: str, run: Method, inputs: int) -> MethodScore:
    truth, seed = circuit.truth, circuit.seed
    effects = run(circuit, circuit.draw(inputs, seed), circuit.draw(inputs, seed, "other inputs"))
    effects = checked(circuit, method, effects)
    edges = None
    if effects.ndim == 2:
        possible = _later(truth)
        edges = auroc(effects[possible], _edges(truth)[possible])
        effects = effects.max(axis=1)
    inside = np.array([part.inside for part in truth.components])
    counted = effects >= THRESHOLD
    tagged = np.array([f"{seed}:{name}" for name in truth.names])
    return MethodScore(
        circuit=circuit.name,
        family=circuit.family,
        method=method,
        seeds=(seed,),
        components=len(inside),
        inside=int(inside.sum()),
        aurocs=(auroc(effects, inside),),
        found=float(counted[inside].mean()) if inside.any() else 1.0,
        wrong=float(counted[~inside].mean()) if not inside.all() else 0.0,
        edges=edges,
        misses=tuple(tagged[inside & ~counted].tolist()),
        false=tuple(tagged[~inside & counted].tolist()),
    )


def _together(name: str, family: str, scores: list[MethodScore]) -> MethodScore:
    """Means over seeds of one circuit, or over circuits."""
    single = len({one.circuit for one in scores}) == 1
    return MethodScore(
        circuit=name,
        family=family,
        method=scores[0].method,
        seeds=scores[0].seeds,
        components=float(np.mean([one.components for one in scores])),
        inside=float(np.mean([one.inside for one in scores])),
        aurocs=tuple(map(_mean, zip(*(one.aurocs for one in scores), strict=True))),
        found=float(np.mean([one.found for one in scores])),
        wrong=float(np.mean([one.wrong for one in scores])),
        edges=_mean([one.edges for one in scores]),
        misses=tuple(miss for one in scores for miss in one.misses) if single else (),
        false=tuple(wrong for one in scores for wrong in one.false) if single else (),
    )


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _later(truth: Truth) -> Bool[np.ndarray, "C R"]:
    """Which pairs of a sender and a receiver there can be: the receiver runs after the sender."""
    parts = truth.components
    found = np.ones((len(parts), len(parts) + 1), dtype=bool)
    for place, receiver in enumerate(parts):
        found[:, place] = [receiver.after(sender) for sender in parts]
    return found


def _edges(truth: Truth) -> Bool[np.ndarray, "C R"]:
    receivers = (*truth.names, ANSWER)
    return np.array([[(s, r) in truth.edges for r in receivers] for s in truth.names])
