"""Papers: the runs that repeat their tables and figures, and what they say of the claims.

In: records of runs, and trained models. Out: the values of tables, findings of studies, verdicts.
A paper is a package here with its `PAPER`, or one from outside, by an entry point.
"""

from typing import TYPE_CHECKING

from ..core.lazy import lazy

if TYPE_CHECKING:
    from .claims import Claim as Claim
    from .claims import Evidence as Evidence
    from .claims import Verdict as Verdict
    from .claims import decide_all as decide_all
    from .findings import Finding as Finding
    from .findings import Findings as Findings
    from .findings import HeatMap as HeatMap
    from .findings import Line as Line
    from .findings import Number as Number
    from .findings import Panel as Panel
    from .findings import PartFinding as PartFinding
    from .findings import State as State
    from .paper import Excerpt as Excerpt
    from .paper import Paper as Paper
    from .paper import by_id as by_id
    from .paper import by_name as by_name
    from .paper import papers as papers
    from .sides import above as above
    from .sides import larger as larger
    from .study import Analysis as Analysis
    from .study import Figure as Figure
    from .study import Kept as Kept
    from .study import PaperCell as PaperCell
    from .study import PaperTable as PaperTable
    from .study import Study as Study
    from .study import Table as Table
    from .study import Value as Value

lazy(__name__)
