"""Runs: recipes, the store that keeps them, and engines that make many.

In: configurations, and experiments that say what is read from a run. Out: run folders, and records,
small JSON files without weights.
"""

from .. import incontext as incontext  # whose runs are a kind
from .experiment import SCALES as SCALES
from .experiment import Cell as Cell
from .experiment import Experiment as Experiment
from .experiment import Label as Label
from .experiment import Measured as Measured
from .experiment import Plan as Plan
from .experiment import Reading as Reading
from .experiment import Scale as Scale
from .experiment import accuracy as accuracy
from .experiment import check_scale as check_scale
from .experiment import exact as exact
from .experiment import examples_until as examples_until
from .experiment import valid as valid
from .records import Loss as Loss
from .records import Point as Point
from .records import Record as Record
from .records import Records as Records
from .stages import Stage as Stage
from .stages import run_stages as run_stages
from .store import find_run as find_run
from .store import run as run
from .store import runs_root as runs_root
from .store import stored as stored
from .store import stored_runs as stored_runs
