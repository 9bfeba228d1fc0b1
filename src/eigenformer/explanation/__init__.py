"""What networks learned: read off their weights, measured, and set beside the classical algorithms.

In: a trained model of any size (`models.blocks`, `frames`, `polar_frames`, `bilinear`). Out: an
`Explanation` of findings, each with sentences, a table and a drawing; matrix programs of learned
weights, which `construct` compiles.
"""

from .explain import explain as explain
from .parts import Explanation as Explanation
from .parts import FactTable as FactTable
from .parts import Insight as Insight
from .parts import Sketch as Sketch
from .programs import ProgramMatch as ProgramMatch
from .programs import bilinear_program as bilinear_program
from .programs import block_program as block_program
from .programs import compare_bilinear as compare_bilinear
from .programs import compare_blocks as compare_blocks
