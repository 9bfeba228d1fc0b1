"""Networks whose algorithm is known, component by component, to score methods of discovery on.

In: a name and a seed. Out: a `Circuit`: a network to run with hooks, inputs to run it on, and its
`Truth`: which head, linear map and feed-forward network does what, and which of them the answer
depends on, read off the weights and never found by ablation. Methods guess that from runs alone,
and `score` says how well.
"""

from typing import TYPE_CHECKING

from ..core.lazy import lazy

if TYPE_CHECKING:
    from .circuit import Circuit as Circuit
    from .flow import truth_of as truth_of
    from .members import CIRCUITS as CIRCUITS
    from .members import FAMILIES as FAMILIES
    from .members import Member as Member
    from .members import load as load
    from .members import names as names
    from .methods import METHODS as METHODS
    from .scores import MethodScore as MethodScore
    from .scores import score as score
    from .scores import summarised as summarised
    from .truth import ANSWER as ANSWER
    from .truth import BlockRows as BlockRows
    from .truth import Component as Component
    from .truth import Truth as Truth

lazy(__name__)
