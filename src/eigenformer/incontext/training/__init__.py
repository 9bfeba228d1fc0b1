"""From a `RunConfig` to a trained model: in memory (`fit`), or in a run folder (`train`)."""

from .config import Curriculum as Curriculum
from .config import Evaluation as Evaluation
from .config import Optimizer as Optimizer
from .config import RunConfig as RunConfig
from .config import run_id as run_id
from .folder import InContextFolder as InContextFolder
from .folder import load_run as load_run
from .loop import fit as fit
from .loop import train as train
from .trainer import Trainer as Trainer
