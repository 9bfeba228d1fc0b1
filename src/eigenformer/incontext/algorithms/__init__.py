"""Algorithms to compare models with, on the same batches, with all their iterates."""

from .base import RegressionAlgorithm as RegressionAlgorithm
from .descent import GDPlusPlus as GDPlusPlus
from .descent import GradientDescent as GradientDescent
from .descent import OnlineGradientDescent as OnlineGradientDescent
from .descent import best_rate as best_rate
from .graph import GraphAlgorithm as GraphAlgorithm
from .graph import PowerIteration as PowerIteration
from .graph import Richardson as Richardson
from .logistic import DampedNewton as DampedNewton
from .newton import ConjugateGradient as ConjugateGradient
from .newton import Newton as Newton
from .ridge import LeastSquares as LeastSquares
from .ridge import Ridge as Ridge
from .ridge import best_ridge as best_ridge
