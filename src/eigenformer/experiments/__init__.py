"""Recipes, the run store, and models by name.

In: names and settings. Out: run folders, and solvers loaded from them.
"""

from .load import default_model as default_model
from .load import load as load
from .load import run_folder as run_folder
from .ship import export as export
from .shipped import ShippedModel as ShippedModel
from .shipped import find_shipped as find_shipped
from .shipped import models_root as models_root
from .shipped import shipped_model as shipped_model
from .shipped import shipped_models as shipped_models
from .stages import Stage as Stage
from .stages import run_stages as run_stages
from .store import find_run as find_run
from .store import run as run
from .store import run_id as run_id
from .store import runs_root as runs_root
