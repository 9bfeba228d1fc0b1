"""Models whose training starts from a construction: Richardson's iteration on a graph."""

from dataclasses import dataclass
from typing import final

from ...construct.algorithms.electric import electric_potentials
from ...core import InputError, at_least
from ...core.checks import MOST_LAYERS
from ..tasks import GraphTask, Task
from .base import ARCHITECTURES, Architecture
from .constructed import ConstructedModel, from_construction


@final
@dataclass(frozen=True, kw_only=True)
class FromRichardson(Architecture):
    """`layers` of the construction for electric potentials, all of whose P, Q and R are trained.

    The layers share their weights, and the input map scales each graph by its best step, as in the
    construction.
    """

    layers: int = 4

    def __post_init__(self) -> None:
        at_least(1, MOST_LAYERS, layers=self.layers)

    def module(self, task: Task) -> ConstructedModel:
        if not isinstance(task, GraphTask) or task.quantity != "potentials":
            raise InputError(
                f"the construction is one for electric potentials; {task} is another task"
            )
        net = electric_potentials(task.nodes, task.edges, task.demands, self.layers)
        model: ConstructedModel = from_construction(net).float()
        return model


ARCHITECTURES.register("from-richardson", FromRichardson)
