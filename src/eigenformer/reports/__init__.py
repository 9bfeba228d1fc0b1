"""Run folders to tables and figures.

In: `RunFolder`s, constructed networks. Out: PNG files (matplotlib, extra `[plot]`).
"""

from .convergence import plot_convergence as plot_convergence
from .learning_curve import learning_curve as learning_curve
