"""Tables of a paper as runs: what to train, what is kept of it, how cells are read.

In: functions that return experiments. Out: records, small JSON files without weights, and the
values of tables.
"""

from .claims import Claim as Claim
from .claims import Evidence as Evidence
from .claims import Finding as Finding
from .claims import State as State
from .claims import Verdict as Verdict
from .claims import above as above
from .claims import decide_all as decide_all
from .claims import larger as larger
from .experiment import SCALES as SCALES
from .experiment import Cell as Cell
from .experiment import Experiment as Experiment
from .experiment import Label as Label
from .experiment import Plan as Plan
from .experiment import Scale as Scale
from .experiment import check_scale as check_scale
from .readings import Measured as Measured
from .readings import Reading as Reading
from .readings import accuracy as accuracy
from .readings import exact as exact
from .readings import examples_until as examples_until
from .readings import valid as valid
from .records import Loss as Loss
from .records import Point as Point
from .records import Record as Record
from .records import Records as Records
from .table import Table as Table
from .table import Value as Value
