"""Bounds on the error of an answer, proved from residuals whose rounding is counted.

In: matrices and answers [B, ...] in float64. Out: numbers that the error does not exceed, inf where
nothing is proved. Nothing is believed of an answer, nor of what LAPACK adds to it as a witness
(vectors where an answer has values alone): their residuals are part of the proof, which is in
docs/certificates.md.
"""

from .inverses import least_squares as least_squares
from .inverses import pseudo_inverse as pseudo_inverse
from .logistic import logistic_minimum as logistic_minimum
from .products import mirrored as mirrored
from .products import product_error as product_error
from .products import sum_error as sum_error
from .rounding import Bound as Bound
from .spectra import eigen as eigen
from .spectra import eigenvalues as eigenvalues
from .spectra import singular as singular
from .spectra import singular_values as singular_values
