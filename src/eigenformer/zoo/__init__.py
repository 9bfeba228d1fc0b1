"""Trained models by name: the shipped ones, runs of the store, and those of other programs.

In: names and run folders. Out: solvers, and models packed to be shipped, each with its card.
"""

from typing import TYPE_CHECKING

from ..core.lazy import lazy

if TYPE_CHECKING:
    from ..core.places import models_root as models_root
    from ..core.places import shipped_models as shipped_models
    from .facts import find_shipped as find_shipped
    from .load import STATISTICS as STATISTICS
    from .load import default_model as default_model
    from .load import load as load
    from .load import named_solver as named_solver
    from .load import run_folder as run_folder
    from .one_call import solve as solve
    from .scores import evaluate as evaluate
    from .ship import export as export
    from .shipped import ShippedModel as ShippedModel
    from .shipped import shipped_model as shipped_model
    from .training import train as train

lazy(__name__)
