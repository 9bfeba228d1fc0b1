"""Numbers and matrices to token ids and back, and what that rounding costs.

In: batches of matrices. Out: int64 token ids (and, decoding, matrices with validity and a reason).
A `Task` joins a problem, an ensemble and the two encodings into a stream of token batches.
"""

from .balanced import Balanced as Balanced
from .base import COMMON as COMMON
from .base import EOS as EOS
from .base import PAD as PAD
from .base import Decoded as Decoded
from .base import Encoding as Encoding
from .base import Reason as Reason
from .base import TokenNumbers as TokenNumbers
from .base import get as get
from .base import names as names
from .floating import Floating as Floating
from .positional import Positional as Positional
from .soft import median_bounds as median_bounds
from .soft import soft_targets as soft_targets
from .task import Examples as Examples
from .task import Task as Task
from .task import draw_pairs as draw_pairs
from .task import with_eos as with_eos

register = Encoding.registry.register
register("P", Positional)
register("B", Balanced)
register("FP", Floating)
