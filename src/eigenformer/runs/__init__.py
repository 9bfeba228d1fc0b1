"""Runs: recipes, the store that keeps them, and engines that make many.

In: configurations, and experiments that say what is read from a run. Out: run folders, and records,
small JSON files without weights.
"""

from typing import TYPE_CHECKING

from ..core.lazy import lazy

if TYPE_CHECKING:
    from .. import incontext as incontext
    from .experiment import Cell as Cell
    from .experiment import Experiment as Experiment
    from .experiment import Label as Label
    from .experiment import Measured as Measured
    from .experiment import Plan as Plan
    from .experiment import Reading as Reading
    from .experiment import accuracy as accuracy
    from .experiment import exact as exact
    from .experiment import examples_until as examples_until
    from .experiment import valid as valid
    from .records import Loss as Loss
    from .records import Point as Point
    from .records import Record as Record
    from .records import Records as Records
    from .scale import SCALES as SCALES
    from .scale import Scale as Scale
    from .scale import check_scale as check_scale
    from .stages import Stage as Stage
    from .stages import run_stages as run_stages
    from .store import find_run as find_run
    from .store import run as run
    from .store import runs_root as runs_root
    from .store import stored as stored
    from .store import stored_runs as stored_runs

lazy(__name__)
