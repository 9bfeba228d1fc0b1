"""From a configuration to a trained model in a run folder.

In: a `TrainConfig`. Out: a `RunFolder`: metrics, evaluations, weights, the state to go on from.
"""

from .config import DataFile as DataFile
from .config import EvaluationConfig as EvaluationConfig
from .config import LossConfig as LossConfig
from .config import OptimizerConfig as OptimizerConfig
from .config import ScheduleConfig as ScheduleConfig
from .config import StartFrom as StartFrom
from .config import TestSet as TestSet
from .config import TrainConfig as TrainConfig
from .data_file import data_file as data_file
from .data_file import load_examples as load_examples
from .data_file import save_examples as save_examples
from .folder import Folder as Folder
from .folder import RunFolder as RunFolder
from .loop import Execution as Execution
from .loop import Interrupted as Interrupted
from .loop import train as train
from .start import start_from as start_from
