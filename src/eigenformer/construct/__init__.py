"""Matrix algorithms compiled to attention and ReLU weights.

In: a matrix program (ordinary Python operators on named symbols), or an algorithm's own layout of
blocks. Out: a `Network`, an ordinary torch module whose every weight has a meaning, with its trace,
its counts beside the theorem's, and its error beside a NumPy reference.
"""

from typing import TYPE_CHECKING

from ..core.lazy import lazy

if TYPE_CHECKING:
    from .algorithms.exponential import matrix_cosine as matrix_cosine
    from .algorithms.exponential import matrix_exponential as matrix_exponential
    from .algorithms.exponential import matrix_sine as matrix_sine
    from .algorithms.jacobi import eigenvalues as eigenvalues
    from .algorithms.jacobi import eigenvectors as eigenvectors
    from .algorithms.jacobi import singular_values as singular_values
    from .algorithms.jacobi import svd as svd
    from .algorithms.logarithm import matrix_logarithm as matrix_logarithm
    from .algorithms.logarithm import matrix_power as matrix_power
    from .algorithms.newton import newton_inverse as newton_inverse
    from .algorithms.newton import newton_order as newton_order
    from .algorithms.newton import pseudo_inverse as pseudo_inverse
    from .algorithms.newton_schulz import matrix_sign as matrix_sign
    from .algorithms.newton_schulz import matrix_sqrt as matrix_sqrt
    from .algorithms.newton_schulz import polar_factor as polar_factor
    from .blocks import Layout as Layout
    from .blocks import Move as Move
    from .blocks import Rows as Rows
    from .catalogue import CATALOGUE as CATALOGUE
    from .catalogue import Construction as Construction
    from .catalogue import check_entry as check_entry
    from .check import Agreement as Agreement
    from .check import check as check
    from .compiler import CompiledNetwork as CompiledNetwork
    from .compiler import compile as compile
    from .expression import Expression as Expression
    from .expression import I as I
    from .expression import diagonal as diagonal
    from .expression import hadamard as hadamard
    from .expression import ones as ones
    from .expression import stored as stored
    from .interpret import interpret as interpret
    from .network import Network as Network
    from .parts import Head as Head
    from .parts import Layer as Layer
    from .parts import Unit as Unit
    from .polish import PolishedSolution as PolishedSolution
    from .polish import polish as polish
    from .program import Program as Program
    from .program import program as program
    from .relu import relu_fn as relu_fn
    from .scalar import Scalar as Scalar
    from .sized import constructed_solver as constructed_solver
    from .solver import as_solver as as_solver
    from .spec import Port as Port
    from .spec import Spec as Spec
    from .spec import Stage as Stage
    from .standard import StandardNetwork as StandardNetwork
    from .standard import load_standard as load_standard
    from .standard import save_standard as save_standard
    from .standard import standard as standard
    from .summary import Summary as Summary

lazy(__name__)
