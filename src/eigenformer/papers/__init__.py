"""Papers: the runs that repeat their tables and figures, and what they say of the claims.

In: records of runs, and trained models. Out: the values of tables, findings of studies, verdicts.
"""

from .claims import Claim as Claim
from .claims import Evidence as Evidence
from .claims import Finding as Finding
from .claims import State as State
from .claims import Verdict as Verdict
from .claims import above as above
from .claims import decide_all as decide_all
from .claims import larger as larger
from .figure import Figure as Figure
from .printed import PaperCell as PaperCell
from .printed import PaperTable as PaperTable
from .table import Table as Table
from .table import Value as Value
