"""Table 26: several problems learned together."""

from ...runs import Cell, Experiment, Scale, accuracy
from ...runs.recipes import fast
from ...training import TrainConfig
from ..study import Table
from .full_size import EPOCH, full_size
from .results import paper_table
from .settings import slug, with_tests

_TASKS = {
    "T": ("transposition", "transpose"),
    "A": ("addition", "add"),
    "D": ("matrix-vector product", "matvec"),
    "M": ("matrix multiplication", "matmul"),
    "E": ("eigenvalues", "eigenvalues"),
    "F": ("eigenvectors", "eigenvectors"),
    "I": ("inversion", "inverse"),
}
"""The letters of goals: the paper's task and our problem."""
_TOLERANCE = 0.05
_LENGTH = 500 * EPOCH
"""The paper gives none: as long as its curves for eigenvectors, the longest to learn but one."""
_BASIC = set("TADM")


def goals() -> list[str]:
    """The goals of the table, such as TADM, in its order."""
    found = (str(cell.labels["joint_goal"]) for cell in paper_table("table26").cells)
    return list(dict.fromkeys(found))


def _experiments(scale: Scale) -> list[Experiment]:
    return [
        Experiment(
            name=slug(goal),
            config=_config(scale, goal),
            cells=[
                Cell(
                    labels={"joint_goal": goal, "task": _TASKS[letter][0], "letter": letter},
                    read=accuracy(_TOLERANCE, problem=_TASKS[letter][1]),
                    paper={},
                )
                for letter in goal
            ],
        )
        for goal in goals()
    ]


def _config(scale: Scale, goal: str) -> TrainConfig:
    problem = ",".join(_TASKS[letter][1] for letter in goal)
    score = "paper" if "F" in goal else "l1"
    if scale == "laptop":
        config = fast(problem, "2x2", examples=150_000, batch_size=64)
        return with_tests(config, evaluations=5, score=score)
    # The paper has "4 or 6 layers" and doesn't say which for what.
    layers = "4/4" if set(goal) <= _BASIC else "6/6"
    return full_size(scale, problem, "5x5", layers=layers, examples=_LENGTH, score=score)


TABLE = Table(
    name="table26",
    title="Several problems learned together, 5% tolerance",
    section="F.2",
    rows=("joint_goal",),
    columns=("letter",),
    runs=_experiments,
    note="2x2 stands for the paper's 5x5, 2/1 layers of width 128 for its 4 or 6 of 512: it does "
    "not say which; at its own scale we take 4/4 for the four basic operations and 6/6 where more "
    "is learned. In P1000; the paper names no encoding. The recipe is `fast`. The 10,000 test "
    "matrices are shared out among the problems of a goal.",
)
