"""Who answers, and how well: solvers, and their scores on seeded test sets.

In: a `Solver` (a trained network, a constructed one, LAPACK), a problem and an ensemble.
Out: `Solution`s with certificates; `Result`s with accuracies, ceilings and intervals.
"""

from typing import TYPE_CHECKING

from ..core.lazy import lazy

if TYPE_CHECKING:
    from ..ensembles.reading import read_matrices as read_matrices
    from .activations import ActivationCache as ActivationCache
    from .answers import Answer as Answer
    from .answers import beside_lapack as beside_lapack
    from .cautions import Caution as Caution
    from .drawn import TrainingStatistics as TrainingStatistics
    from .drawn import training_statistics as training_statistics
    from .evaluate import TOLERANCES as TOLERANCES
    from .evaluate import Proportion as Proportion
    from .evaluate import Result as Result
    from .evaluate import Target as Target
    from .evaluate import evaluate as evaluate
    from .evaluate import score_predictions as score_predictions
    from .lapack import NumpySolver as NumpySolver
    from .lapack import numpy_solver as numpy_solver
    from .pretrained import from_pretrained as from_pretrained
    from .pretrained import is_pretrained as is_pretrained
    from .read import parse_batches as parse_batches
    from .read import read as read
    from .read import read_batches as read_batches
    from .solver import Predictions as Predictions
    from .solver import Solution as Solution
    from .solver import Solver as Solver
    from .solver import Written as Written
    from .solver import as_batch as as_batch
    from .statistics import binomial_interval as binomial_interval
    from .table import result_table as result_table
    from .trained import TrainedSolver as TrainedSolver
    from .trained import takes as takes

lazy(__name__)
