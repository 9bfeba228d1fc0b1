"""Matrix algorithms compiled to attention and ReLU weights.

In: a matrix program (ordinary Python operators on named symbols), or an algorithm's own layout of
blocks. Out: a `Network`, an ordinary torch module whose every weight has a meaning, with its trace,
its counts beside the theorem's, and its error beside a NumPy reference.
"""

from .blocks import Layout as Layout
from .blocks import Move as Move
from .blocks import Rows as Rows
from .catalogue import CATALOGUE as CATALOGUE
from .catalogue import Entry as Entry
from .catalogue import check_entry as check_entry
from .network import Network as Network
from .parts import Head as Head
from .parts import Layer as Layer
from .parts import Unit as Unit
from .scalar import Scalar as Scalar
from .spec import Port as Port
from .spec import Spec as Spec
from .spec import Stage as Stage
