"""Studies of Ahn et al. (2023), "Transformers learn to implement preconditioned gradient descent".

`scalars` and `seeds` serve the other papers on gradient descent too.
"""

from ..incontext_study import Study
from .depth import DEPTH
from .minimiser import MINIMISER
from .preconditioner import PRECONDITIONER

STUDIES: tuple[Study, ...] = (MINIMISER, PRECONDITIONER, DEPTH)
