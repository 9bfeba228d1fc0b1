"""From a run's configuration to a trained model in a run folder: one loop for every kind of run.

In: a `Run`, such as a `TrainConfig` for a model of tokens. Out: a `RunFolder`: metrics,
evaluations, weights, the state to go on from.
"""

from typing import TYPE_CHECKING

from ..core.lazy import lazy

if TYPE_CHECKING:
    from .config import DataFile as DataFile
    from .config import EvaluationConfig as EvaluationConfig
    from .config import LossConfig as LossConfig
    from .config import OptimizerConfig as OptimizerConfig
    from .config import ScheduleConfig as ScheduleConfig
    from .config import StartFrom as StartFrom
    from .config import TestSet as TestSet
    from .data_file import data_file as data_file
    from .data_file import load_examples as load_examples
    from .data_file import save_examples as save_examples
    from .execution import Execution as Execution
    from .folder import RunFolder as RunFolder
    from .loop import Interrupted as Interrupted
    from .loop import fit as fit
    from .loop import train as train
    from .run import KINDS as KINDS
    from .run import Run as Run
    from .run import Score as Score
    from .run import Share as Share
    from .run import read_run as read_run
    from .start import start_from as start_from
    from .tokens import TokenFolder as TokenFolder
    from .tokens import TrainConfig as TrainConfig
    from .trainer import Trainer as Trainer

lazy(__name__)
