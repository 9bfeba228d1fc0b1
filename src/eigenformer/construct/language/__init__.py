"""Matrix programs as text: a small language of its own, parsed and never evaluated.

In: text such as that in `read_program`'s docstring. Out: a `ProgramText`, which compiles to the
same network as the program written in Python, knows what its start lines compute and what its
result should approach, and prints as text again. Errors name the line.
"""

from .program import LARGEST_SIDE as LARGEST_SIDE
from .program import MOST_INPUTS as MOST_INPUTS
from .program import MOST_STEPS as MOST_STEPS
from .program import ProgramText as ProgramText
from .program import read_program as read_program
