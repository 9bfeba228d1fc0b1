"""One reader of matrices, for the command line, files, standard input, the playground and Python.

In: text or bytes, as people paste, print and keep matrices. Out: float64 matrices [m, n], all of
them exactly what was written, or an `InputError` of one sentence. What is understood is one table,
docs/reading.md. What can be read in two ways is refused with both; nothing is dropped or joined.

`cells` reads one number, `rows` lines of them, `brackets` nested lists and calls, `latex` LaTeX,
`prints` what R, Julia and MATLAB display; `text` finds out which it is, `files` opens what
holds it, through `arrays` and `scipy_files` where that is not text.
"""

from .arrays import LARGEST as LARGEST
from .arrays import real_matrices as real_matrices
from .files import read_matrices as read_matrices
from .text import matrix_text as matrix_text
from .text import parse_matrix as parse_matrix
from .text import read_text as read_text
