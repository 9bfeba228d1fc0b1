"""How many examples does a recipe need? `fast` against the paper's recipe, case by case.

In: cases, contestants (recipes), training runs. Out: records of runs, kept here as package data,
and what they say: examples and FLOPs until a target accuracy, their ratios, each lever's share.
"""

from .amounts import Amount as Amount
from .amounts import geometric_mean as geometric_mean
from .cases import LIMIT as LIMIT
from .cases import SETS as SETS
from .cases import Case as Case
from .cases import CaseSet as CaseSet
from .cases import PaperCount as PaperCount
from .compare import Ablation as Ablation
from .compare import Comparison as Comparison
from .compare import Entry as Entry
from .compare import ablation_of as ablation_of
from .compare import accuracies as accuracies
from .compare import compare as compare
from .contestants import CONTESTANTS as CONTESTANTS
from .contestants import Contestant as Contestant
from .flops import flops_per_example as flops_per_example
from .levers import ABLATED as ABLATED
from .levers import ABLATIONS as ABLATIONS
from .levers import LEVERS as LEVERS
from .levers import Lever as Lever
from .records import RESULTS as RESULTS
from .records import Record as Record
from .records import load_records as load_records
from .rerun import Choice as Choice
from .rerun import choices as choices
from .rerun import collect as collect
from .rerun import train_choices as train_choices
from .table import print_ablation as print_ablation
from .table import print_comparisons as print_comparisons
