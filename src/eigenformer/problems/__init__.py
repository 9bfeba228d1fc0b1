"""What is asked of a matrix, the true answer, and how far an answer is from it.

In: an ensemble to draw inputs from, or inputs; predictions, as matrices.
Out: inputs and answers (`Matrices` or arrays [B, M, N], float64, from LAPACK), `Errors`, and
certificates that need no truth.

Operands stand side by side in one input matrix, and an answer of several parts is stacked in one
output matrix; each problem's docstring says how. To add one, subclass `ShapedProblem` (or
`EntrywiseProblem`) and `register` it.
"""

from .add import Add as Add
from .base import EntrywiseProblem as EntrywiseProblem
from .base import Problem as Problem
from .base import ShapedProblem as ShapedProblem
from .eigenvalues import Eigenvalues as Eigenvalues
from .eigenvectors import Eigenvectors as Eigenvectors
from .errors import Errors as Errors
from .functions import MatrixCosine as MatrixCosine
from .functions import MatrixExponential as MatrixExponential
from .functions import MatrixFunction as MatrixFunction
from .functions import MatrixInverseSqrt as MatrixInverseSqrt
from .functions import MatrixLogarithm as MatrixLogarithm
from .functions import MatrixPower as MatrixPower
from .functions import MatrixSign as MatrixSign
from .functions import MatrixSine as MatrixSine
from .functions import MatrixSqrt as MatrixSqrt
from .functions import PolarFactor as PolarFactor
from .inverse import Inverse as Inverse
from .inverse import SymmetricInverse as SymmetricInverse
from .joint import Joint as Joint
from .least_squares import LeastSquares as LeastSquares
from .logistic_regression import LogisticRegression as LogisticRegression
from .matmul import Matmul as Matmul
from .matvec import Matvec as Matvec
from .norms import NORMS as NORMS
from .pseudo_inverse import PseudoInverse as PseudoInverse
from .singular_values import SingularValues as SingularValues
from .svd import Svd as Svd
from .transpose import Transpose as Transpose

get = Problem.registry.get
names = Problem.registry.names
register = Problem.registry.register

register("transpose", Transpose)
register("add", Add)
register("matvec", Matvec)
register("matmul", Matmul)
register("eigenvalues", Eigenvalues)
register("eigenvectors", Eigenvectors)
register("singular_values", SingularValues)
register("svd", Svd)
register("inverse", Inverse)
register("symmetric_inverse", SymmetricInverse)
register("pseudo_inverse", PseudoInverse)
register("least_squares", LeastSquares)
register("logistic_regression", LogisticRegression)
register("matrix_sign", MatrixSign)
register("polar_factor", PolarFactor)
register("matrix_sqrt", MatrixSqrt)
register("matrix_inverse_sqrt", MatrixInverseSqrt)
register("matrix_exponential", MatrixExponential)
register("matrix_logarithm", MatrixLogarithm)
register("matrix_sine", MatrixSine)
register("matrix_cosine", MatrixCosine)
register("matrix_power", MatrixPower)
register("joint", Joint)
