"""Whether a model runs an algorithm: what its answer does when its inside is changed.

Similar answers can be had in many ways. So the algorithm is written as a network in the model's own
coordinates, and three kinds of questions are asked of the model, by `run_with_hooks`:

- swap: after layer l the state is replaced by the algorithm's after l steps. The answer must stay.
- another step: there too, but with the iterate of the step before (of step 1 at the beginning). The
  answer must become what the algorithm makes of that state. This is the unit for the swap as well:
  where it changes nothing, neither would the swap, and nothing is shown.
- ablation: without all that the algorithm does not use the loss must stay, and without any one
  thing that it uses it must rise.

Shapes: B batch, n tokens, w features of a token, L layers.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from ...core import InputError
from ...models.hooked import Hook
from ..batches import Batch, Prompts
from ..models import InContextModel
from ..tasks import GraphTask, Task
from ..tasks.graph import unit
from .alignment import sensitivities

NOTHING = 1e-6
"""A change of the answer, relative to it, that counts as none."""
MOST = 1e6
"""Ratios are cut off here: a loss may have run away."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Mechanism:
    """What a model is said to do inside."""

    algorithm: InContextModel
    """Whose state after layer l is the algorithm's after l steps, in the model's coordinates."""
    iterate: slice
    """The features of a token that hold the iterate."""
    carried: bool = True
    """Whether the other features are the algorithm's too; if not, a swap leaves the model's own."""
    bare: InContextModel | None = None
    """The model without what the algorithm does not use; None if that cannot be said."""
    without: Mapping[str, InContextModel] = field(default_factory=dict)
    """The model without one thing that the algorithm uses, by what that is."""


@dataclass(frozen=True, kw_only=True)
class Intervention:
    """What a model did under interventions. Ratios of losses are to the model's own."""

    loss: float
    algorithm_loss: float
    similarity: float
    """Mean cosine of the sensitivities to the query, or, where there is none, of the answers."""
    swapped: tuple[float, ...]
    """The loss with the algorithm's state after layers 1 .. L, as a ratio."""
    unexplained: tuple[float, ...]
    """The squared change of the answer by that, over that by the iterate of the step before."""
    astray: tuple[float, ...]
    """Before layers 1 .. L another step's iterate: the squared distance of the answer from the
    algorithm's, over how far that has moved."""
    bare: float | None
    """The loss without what the algorithm does not use, as a ratio."""
    without: dict[str, float]
    """The same without one thing that it uses."""


def mechanism(
    model: InContextModel, used: Mapping[str, tuple[str, Tensor]], *, iterate: slice
) -> Mechanism:
    """Of an algorithm that is a part of the model's own weights.

    `used` are components of parameters, by what they do: the parameter's name, and the component in
    its shape. Their sums alone are the algorithm; the model less one of them is what remains
    without it.
    """
    weights = model.state_dict()
    for name, part in used.values():
        if name not in weights or weights[name].shape != part.shape:
            raise InputError(f"the model has no parameter {name} of shape {list(part.shape)}")
    alone = {name: torch.zeros_like(value) for name, value in weights.items()}
    for name, part in used.values():
        alone[name] = alone[name] + part
    algorithm = changed(model, {name: alone[name] for name, _ in model.named_parameters()})
    without = {
        what: changed(model, {name: weights[name] - part}) for what, (name, part) in used.items()
    }
    return Mechanism(algorithm=algorithm, iterate=iterate, bare=algorithm, without=without)


def changed(model: InContextModel, weights: Mapping[str, Tensor]) -> InContextModel:
    """A copy with other values of some parameters."""
    found = copy.deepcopy(model)
    found.load_state_dict({**model.state_dict(), **weights})
    return found


@torch.no_grad()
def intervene(
    model: InContextModel, mechanism: Mechanism, task: Task, batch: Batch
) -> Intervention:
    """All interventions on the prompts of `batch`."""
    algorithm, depth = mechanism.algorithm, model.depth
    if algorithm.depth != depth:
        raise InputError(f"the algorithm has {algorithm.depth} steps, and the model {depth} layers")
    states = [state.mT if algorithm.columns else state for state in algorithm.states(batch)]
    answer, expected = model.run_with_hooks(batch, {}), algorithm.run_with_hooks(batch, {})
    alike = partial(unit, dims=(1, 2)) if isinstance(task, GraphTask) else _as_it_is
    loss = float(task.loss(answer, batch))
    swapped, unexplained, astray = [], [], []
    for step in range(depth + 1):
        point = f"layers.{step - 1}.resid_post" if step else "layers.0.resid_pre"
        before = step - 1 if step else 1
        moved_hook = {point: _put(mechanism, states[step], states[before])}
        moved = model.run_with_hooks(batch, moved_hook)
        if step:
            hook = {point: _put(mechanism, states[step], states[step])}
            found = model.run_with_hooks(batch, hook)
            swapped.append(_ratio(float(task.loss(found, batch)), loss))
            unexplained.append(_share(alike(found), alike(answer), alike(moved)))
        if step < depth:
            hooks = {point: _put(mechanism, states[step], states[before], whole=True)}
            there = algorithm.run_with_hooks(batch, hooks)
            astray.append(_share(alike(moved), alike(there), alike(expected)))
    return Intervention(
        loss=loss,
        algorithm_loss=float(task.loss(expected, batch)),
        similarity=_similarity(model, algorithm, batch, answer, expected),
        swapped=tuple(swapped),
        unexplained=tuple(unexplained),
        astray=tuple(astray),
        bare=None if mechanism.bare is None else _loss_ratio(mechanism.bare, task, batch, loss),
        without={
            what: _loss_ratio(each, task, batch, loss) for what, each in mechanism.without.items()
        },
    )


def _put(
    mechanism: Mechanism,
    state: Float[Tensor, "B n w"],
    other: Float[Tensor, "B n w"],
    whole: bool = False,
) -> Hook:
    """Gives `state`, or its iterate alone, with the iterate of `other`."""

    def hook(value: Tensor) -> Tensor:
        found = state.clone() if mechanism.carried or whole else value
        found[..., mechanism.iterate] = other[..., mechanism.iterate]
        return found

    return hook


def _as_it_is(answer: Tensor) -> Tensor:
    return answer


def _share(found: Tensor, wanted: Tensor, unit_of: Tensor) -> float:
    """|found - wanted|^2 / |unit_of - wanted|^2, and 1 where the unit is nothing."""
    size = float(wanted.square().mean())
    whole = float((unit_of - wanted).square().mean())
    if not whole > NOTHING**2 * size:
        return 1.0
    return _ratio(float((found - wanted).square().mean()), whole)


def _ratio(found: float, whole: float) -> float:
    ratio = found / max(whole, 1e-300)
    return ratio if ratio < MOST else MOST  # nan too


def _loss_ratio(model: InContextModel, task: Task, batch: Batch, loss: float) -> float:
    return _ratio(float(task.loss(model(batch), batch)), loss)


def _similarity(
    model: InContextModel,
    algorithm: InContextModel,
    batch: Batch,
    answer: Float[Tensor, "B ..."],
    expected: Float[Tensor, "B ..."],
) -> float:
    if isinstance(batch, Prompts) and answer.ndim == 1:
        mine, other = sensitivities(model, batch), sensitivities(algorithm, batch)
    else:
        mine, other = answer.flatten(1), expected.flatten(1)
    return float((unit(mine, (1,)) * unit(other, (1,))).sum(dim=1).mean())
