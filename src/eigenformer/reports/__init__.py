"""Run folders to tables and figures.

In: `RunFolder`s. Out: PNG files (matplotlib, extra `[plot]`).
"""

from .learning_curve import learning_curve as learning_curve
