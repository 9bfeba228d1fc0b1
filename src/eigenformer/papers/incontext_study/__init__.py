"""Studies of in-context papers: what to train, what is measured of it, what it says of a claim.

In: functions that return runs, and functions from trained models to findings. Out: findings, kept
as JSON without weights, and verdicts on the claims N01 to N14.
"""

from .catalogue import RECORDS as RECORDS
from .catalogue import studies as studies
from .claims import CLAIMS as CLAIMS
from .claims import Claim as Claim
from .claims import Verdict as Verdict
from .claims import verdicts as verdicts
from .findings import Findings as Findings
from .findings import HeatMap as HeatMap
from .findings import Line as Line
from .findings import Number as Number
from .findings import Panel as Panel
from .make import Outcome as Outcome
from .make import make as make
from .make import make_all as make_all
from .records import Record as Record
from .records import Records as Records
from .study import SCALES as SCALES
from .study import Run as Run
from .study import Scale as Scale
from .study import Study as Study
from .workers import Workers as Workers
