"""Table 10: singular values and singular value decomposition of symmetric matrices."""

from dataclasses import replace
from typing import Any

from ... import problems
from ...runs import Cell, Experiment, Label, Scale, examples_until
from ...runs.recipes import grid
from ..study import Table
from .full_size import full_size
from .settings import as_printed, at_tolerances, models_of, paper_tokens, slug, with_tests

_PROBLEMS = {"singular values": "singular_values", "SVD": "svd"}
_EXAMPLES = 80_000
GRID = "4, grid of 3x3"
"""What tables call the layers of the grid transformers."""
_COUNTERPARTS = {
    ("singular values", "P10"): "2/2",
    ("singular values", "P1000"): "4/4",
    ("SVD", "P10"): "1/6",
    ("SVD", "P1000"): "6/6",
    ("eigenvectors", "P1000"): None,
}
"""The paper's layers. Eigenvectors are added: what SVD is said to be harder than."""


def _experiments(scale: Scale) -> list[Experiment]:
    if scale == "laptop":
        return [
            *(
                _laptop(task, encoding, layers)
                for (task, encoding), layers in _COUNTERPARTS.items()
            ),
            *map(_grid, ("singular values", "SVD", "eigenvectors")),
        ]
    found = []
    for model in models_of("table10", "tolerance"):
        problem = _PROBLEMS[model["task"]]
        decomposes = problem == "svd"
        options: dict[str, Any] = {"symmetric": True}
        if decomposes and scale == "paper":
            options["signs"] = "lapack"
        config = full_size(
            scale,
            problem,
            "4x4",
            encoding=model["encoding"],
            layers=model["layers"],
            ours=paper_tokens,
            score="paper" if decomposes else "l1",
            **options,
        )
        found.append(
            Experiment(
                name=slug(model["task"], model["encoding"]),
                config=config,
                cells=as_printed(model),
            )
        )
    return found


def _laptop(task: str, encoding: str, layers: str | None) -> Experiment:
    problem = _PROBLEMS.get(task, task)
    config = paper_tokens(problem, "2x2", encoding=encoding, examples=_EXAMPLES)
    asked = problems.get(problem, **_symmetric(task))
    labels: dict[str, Label] = {"task": task, "encoding": encoding, "layers": "2/1"}
    return Experiment(
        name=slug(task, encoding),
        config=with_tests(
            replace(config, task=replace(config.task, problem=asked)),
            evaluations=5,
            score="l1" if task == "singular values" else "paper",
        ),
        cells=at_tolerances(labels, None if layers is None else {"layers": layers}),
    )


def _symmetric(task: str) -> dict[str, Any]:
    return {"symmetric": True} if task in _PROBLEMS else {}


def _grid(task: str) -> Experiment:
    """At 3x3, by a grid transformer on the same tokens: what C15 is judged by."""
    problem = _PROBLEMS.get(task, task)
    config = grid(problem, "3x3", layers=4, examples=60_000)
    asked = problems.get(problem, **_symmetric(task))
    labels: dict[str, Label] = {"task": task, "encoding": "P1000", "layers": GRID}
    until = Cell(labels={"metric": "examples to 50%", **labels}, read=examples_until(0.5, 0.05))
    return Experiment(
        name=slug(task, "grid"),
        config=replace(config, task=replace(config.task, problem=asked)),
        cells=(*at_tolerances(labels), until),
    )


TABLE = Table(
    name="table10",
    title="Singular values and singular value decomposition",
    section="4.7",
    rows=("tolerance",),
    columns=("task", "encoding", "layers"),
    runs=_experiments,
    note="Symmetric 2x2 in place of 4x4, 2/1 layers of width 128 in place of 2/2 to 6/6 of 512. "
    "Eigenvectors with the same tokens, layers and examples stand beside, as the easier problem. "
    "C15 is judged by grid transformers of symmetric 3x3, factors by the strict L1 error.",
)
