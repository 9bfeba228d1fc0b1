"""How many examples does a recipe need? `fast` against the paper's recipe, case by case.

In: cases, contestants (recipes), training runs. Out: what their records say: examples and FLOPs
until a target accuracy, their ratios, each lever's share.
"""

from pathlib import Path

from ..paper import Paper, by_name
from .amounts import Amount as Amount
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
from .levers import ABLATED as ABLATED
from .levers import ABLATIONS as ABLATIONS
from .levers import LEVERS as LEVERS
from .levers import Lever as Lever
from .paper_sizes import PAPER_SIZES as PAPER_SIZES
from .paper_sizes import print_paper_sizes as print_paper_sizes
from .runs import EXAMPLES, INGREDIENTS
from .runs import experiment as experiment
from .runs import needed as needed
from .runs import reached_at as reached_at
from .search import SEARCH
from .search import print_search as print_search
from .table import print_ablation as print_ablation
from .table import print_comparisons as print_comparisons

PAPER = Paper(
    name="efficiency",
    title="How many examples a recipe needs",
    citation="",
    studies=by_name(EXAMPLES, INGREDIENTS, PAPER_SIZES, SEARCH),
    claims={},
    records=Path(__file__).with_name("records"),
)
"""Ours, beside Charton (2022): claim C33 there rests on it."""
