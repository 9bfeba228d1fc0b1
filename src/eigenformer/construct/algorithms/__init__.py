"""The algorithms, one file each. Importing this package fills the catalogue."""

from ..catalogue import CATALOGUE
from . import conjugate_gradient as conjugate_gradient
from . import electric as electric
from . import elementary as elementary
from . import exponential as exponential
from . import fu_newton as fu_newton
from . import gd_plus_plus as gd_plus_plus
from . import gradient_descent as gradient_descent
from . import heat_kernel as heat_kernel
from . import jacobi as jacobi
from . import laplacian_eigenvectors as laplacian_eigenvectors
from . import least_squares as least_squares
from . import logarithm as logarithm
from . import logistic as logistic
from . import newton as newton
from . import newton_schulz as newton_schulz
from . import power_iteration as power_iteration
from . import preconditioned as preconditioned
from . import refinement as refinement
from . import resistive as resistive

CATALOGUE.alias("newton-inverse", "newton")  # as Python calls it
