"""`eigenformer models list|card|export|import-lawt`: models that come along, or from LAWT."""

import json
from collections.abc import Callable
from pathlib import Path

import tyro
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..core import InputError, rng, save_json
from ..core.serialize import write_atomically
from ..zoo.facts import find_shipped, shipped_facts
from .answers import json_lines
from .parse import JsonFlag, run_one_of

USAGE = """\
usage: eigenformer models list [--json]
       eigenformer models card NAME
       eigenformer models statistics NAME [--write] [--json]
       eigenformer models export RUN NAME [--to FOLDER] [--replace]
       eigenformer models export NAME --to onnx [--dims 5x5] [--batch 1] [--file FILE]
       eigenformer models import-lawt FOLDER [--to FOLDER]

Trained models that come with the package: `--model NAME` of other commands, or ef.load(NAME).
More: eigenformer models export --help, for each of them
"""


def main(args: list[str]) -> int:
    commands: dict[str, Callable[..., int]] = {
        "list": list_all,
        "card": show_card,
        "statistics": statistics,
        "export": export,
        "import-lawt": import_lawt,
    }
    return run_one_of(commands, args, prog="models", usage=USAGE)


def list_all(as_json: JsonFlag = False) -> int:
    """List the shipped models: what they solve, how large they are, how often they are right.

    Accuracies are those of each model's card: fresh matrices like those it was trained on.

    Args:
        as_json: print JSON instead of a table.
    """
    facts = shipped_facts()
    if as_json:
        print(json_lines(facts))
        return 0
    # Eighty columns are enough: names say the problem and the size.
    table = Table(box=SIMPLE, padding=(0, 0))
    table.add_column("name", no_wrap=True)
    table.add_column("ensemble", no_wrap=True)
    for heading in ("examples", "size", "5%", "2%", "ceiling"):
        table.add_column(heading, justify="right", no_wrap=True)
    for fact in facts:
        table.add_row(
            Text(fact["name"], style="bold"),
            fact["ensemble"],
            f"{fact['examples']:,}",
            fact["size"],
            *(f"{100 * fact[key]:.1f}" for key in ("accuracy_5", "accuracy_2", "ceiling_5")),
        )
    Console().print(table)
    print("5%, 2%: percent right within that error; ceiling: what rounding to tokens leaves at 5%.")
    print("`eigenformer models card NAME` says more.")
    return 0


def show_card(name: tyro.conf.Positional[str]) -> int:
    """Print the card of a shipped model: accuracy, limits, training, the command that rebuilds it.

    Args:
        name: of the model (`eigenformer models list` shows them).
    """
    print((find_shipped(name) / "README.md").read_text(encoding="utf-8"), end="")
    return 0


def statistics(
    name: tyro.conf.Positional[str], write: bool = False, as_json: JsonFlag = False
) -> int:
    """Measure again what a model's training drew, from which cautions about inputs follow.

    Quantiles of the largest coefficient, the root mean square, the share of exact zeros and, where
    the answer hangs on a spectrum, of condition number, gap and trace: of matrices that are drawn
    as the training drew them, by shape.

    Args:
        name: of a shipped model, or a run.
        write: keep them beside the model, as drawn.json.
        as_json: print JSON instead of tables.
    """
    from ..evaluation import training_statistics
    from ..evaluation.drawn import QUANTILES
    from ..training import TokenFolder
    from ..zoo import STATISTICS, run_folder

    folder = TokenFolder(run_folder(name).path)
    found = training_statistics(folder.config().task)
    if write:
        save_json(folder.path / STATISTICS, found.to_dict())
    if as_json:
        print(json.dumps(found.to_dict(), indent=2))
        return 0
    console = Console(highlight=False)
    for problem, shapes in found.shapes.items():
        for shape, drawn in shapes.items():
            title = f"{name}: {problem}, {drawn.matrices:,} inputs of {shape}"
            table = Table(title=title, title_justify="left", box=SIMPLE, padding=(0, 0))
            for heading in ("", *(f"{100 * q:g}%" for q in QUANTILES)):
                table.add_column(heading, justify="right" if heading else "left")
            for trait, values in drawn.ranges.items():
                table.add_row(trait, *(f"{value:.3g}" for value in values))
            console.print(table)
    return 0


def export(
    run: tyro.conf.Positional[str],
    name: tyro.conf.Positional[str | None] = None,
    to: Path | None = None,
    replace: bool = False,
    dims: str | None = None,
    batch: int = 1,
    file: Path | None = None,
) -> int:
    """Make a shipped model of a finished run, or an ONNX graph of a trained or constructed network.

    A model: weights in float16, scored as shipped, and a card. A graph (--to onnx) answers a fixed
    number of inputs of one shape: tokens in and out of models that read and write them, numbers of
    others; of constructions what their layers are given, in float64.

    Args:
        run: run folder, or the name or hash of a run in the store; for a graph also a shipped model
            or a construction.
        name: of the model, such as eigenvalues-3x3; none for a graph.
        to: folder that the model's own folder comes in; without it, the package's own. Or: onnx.
        replace: replace a model, or a file, that is there already.
        dims: of a graph's inputs, such as 5x5; without it the largest in training.
        batch: inputs that a graph answers at once.
        file: where a graph is written; without it, NAME.onnx.
    """
    if to == Path("onnx"):
        return _export_graph(run, name, replace, dims, batch, file)
    if name is None or dims is not None or batch != 1 or file is not None:
        raise InputError(
            "give a run and a name for the model; --dims, --batch and --file are for --to onnx"
        )
    from ..papers.charton2022.reported import reported
    from ..runs import find_run
    from ..zoo import export as export_model
    from ..zoo import models_root

    model = export_model(
        find_run(run), name, to or models_root(), replace_existing=replace, reported=reported
    )
    right, ceiling = model.accuracy(0.05), model.ceiling(0.05)
    print(
        f"{model.folder.path}: {100 * right['value']:.1f}% right within 5% "
        f"({100 * right['low']:.1f} to {100 * right['high']:.1f}; "
        f"ceiling {100 * ceiling['value']:.1f}), {model.weight}"
    )
    return 0


def _export_graph(
    source: str, name: str | None, replace: bool, dims: str | None, batch: int, file: Path | None
) -> int:
    from ..construct import CATALOGUE
    from ..zoo import load
    from ..zoo.onnx_graph import constructed_graph, graph_shape, trained_graph

    if name is not None:
        raise InputError(f"a graph has no name, and {name!r} was given; use --file for its file")
    if batch < 1:
        raise InputError(f"batch is {batch}; give 1 or more inputs")
    target = file or Path(f"{Path(source).name}.onnx")
    if target.exists() and not replace:
        raise InputError(f"{target} exists; choose another --file, or give --replace")
    if source in CATALOGUE.names():
        if dims is not None:
            raise InputError(f"{source} is of one size in the catalogue; leave --dims out")
        entry = CATALOGUE.get(source)
        graph = constructed_graph(entry.build(), entry.draw(rng(0, "onnx"), batch))
    else:
        solver = load(source)
        graph = trained_graph(solver, *graph_shape(solver, dims), batch)
    write_atomically(target, graph.content)
    given = ", ".join(f"{k} {v.dtype} {list(v.shape)}" for k, v in graph.inputs.items())
    answer = f"{graph.output} {graph.answer.dtype} {list(graph.answer.shape)}"
    print(f"{target}: {len(graph.content) / 1e6:.1f} MB, {given} -> {answer}")
    return 0


def import_lawt(folder: tyro.conf.Positional[Path], to: Path | None = None) -> int:
    """Make a model of a run of the LAWT code (facebookresearch/LAWT): its answers, token by token.

    Of the folder, params.pkl and checkpoint.pth are read, and nothing in them is run.

    Args:
        folder: a LAWT run, such as dumped/exp/id.
        to: folder for the model; without it, one in the run store, named by operation and size.
    """
    from ..zoo.lawt import import_run

    imported = import_run(folder)
    target = to or imported.default_folder
    imported.solver.save_pretrained(target)
    task = imported.solver.task
    print(
        f"{target}: {imported.solver.name}, {task.encoder.label} in, {task.decoder.label} out, "
        f"{sum(p.numel() for p in imported.solver.model.parameters()):,} parameters"
    )
    for note in imported.notes:
        print(f"note: {note}")
    print(f"next: eigenformer evaluate {target}")
    return 0
