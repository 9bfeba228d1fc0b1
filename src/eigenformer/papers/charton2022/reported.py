"""What Charton (2022) reports for models of one problem and size: tables 2 to 6, 8 to 10 and 20."""

from collections.abc import Iterator

from ...ensembles import Ensemble, IidUniform
from ...zoo.cards import PaperFigures
from .results import paper_table
from .settings import as_fraction, models_of
from .table12 import training_set

_PROBLEMS = {
    "table02": "transpose",
    "table03": "add",
    "table04": "matvec",
    "table05": "matmul",
    "table06": "eigenvalues",
    "table08": "eigenvectors",
    "table09": "inverse",
    "table10": "svd",
}


def reported(problem: str, dims: str, ensemble: Ensemble | None = None) -> PaperFigures | None:
    """The paper's most accurate model for matrices of `dims`, or else of the nearest size it has.

    Trained on matrices of the same law, if table 20 has those of `ensemble`. None if the paper has
    no such problem or `dims` are a range.
    """
    known = list(_of_the_law(ensemble)) if problem == "eigenvalues" else []
    known = known or [row for name in _PROBLEMS for row in _rows(name) if row.problem == problem]
    rows, _, columns = dims.partition("x")
    if not known or not (rows.isdigit() and columns.isdigit()):
        return None
    size = int(rows) * int(columns)
    distance = min(abs(row.coefficients - size) for row in known)
    nearest = [row for row in known if abs(row.coefficients - size) == distance]
    same = [row for row in nearest if row.dims == dims]
    return max(same or nearest, key=lambda row: list(row.accuracy.values()))


def _of_the_law(ensemble: Ensemble | None) -> Iterator[PaperFigures]:
    """The models of table 20 that were trained on another law than independent coefficients."""
    table = paper_table("table20")
    for model in models_of("table20"):
        value = table.value(model.labels)
        if ensemble is None or value is None or type(ensemble) is IidUniform:
            continue
        law, a = str(model["train_distribution"]), str(model["A"])
        if training_set(law, a, str(ensemble.dims)) == ensemble:
            yield PaperFigures(
                problem="eigenvalues",
                dims="5x5",
                table=20,
                row=f"5x5 of the law {law}, {model['encoding']}, "
                f"{model['layers']} layers, width {table.common['dim']}, "
                f"{table.common['heads']} heads",
                accuracy={f"{as_fraction(table.common['tolerance']):g}": value},
            )


def _rows(name: str) -> Iterator[PaperFigures]:
    """The models of a table that know matrices of one size."""
    table = paper_table(name)
    for model in models_of(name, "tolerance"):
        of = {**table.common, **model.labels}
        if of.get("variable"):
            continue
        accuracy = {}
        for labels in model.cells:
            tolerance = as_fraction(labels.get("tolerance", table.common.get("tolerance")))
            value = table.value(labels)
            if value is not None:
                accuracy[f"{tolerance:g}" if tolerance else "exact"] = value
        if accuracy:
            yield PaperFigures(
                problem="singular_values"
                if of.get("task") == "singular values"
                else _PROBLEMS[name],
                dims=str(of["dims"]),
                table=int(name.removeprefix("table")),
                row=f"{of['dims']}, {of['encoding']}, {of['layers']} layers, width {of['dim']}, "
                f"{of['heads']} heads",
                accuracy=accuracy,
            )
