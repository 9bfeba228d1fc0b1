"""What is asked in context: laws of prompts, drawn on the fly, each with the loss of an answer."""

from .base import TASKS as TASKS
from .base import Task as Task
from .completion import Completion as Completion
from .covariates import COVARIATES as COVARIATES
from .covariates import Conditioned as Conditioned
from .covariates import Covariates as Covariates
from .covariates import Gaussian as Gaussian
from .covariates import HeavyTailed as HeavyTailed
from .covariates import Uniform as Uniform
from .graph import GraphTask as GraphTask
from .logistic import Logistic as Logistic
from .patterns import Patterns as Patterns
from .principal import Principal as Principal
from .regression import Regression as Regression
