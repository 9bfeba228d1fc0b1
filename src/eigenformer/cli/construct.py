"""`eigenformer construct list|show|check|run|plot`: networks whose every weight has a meaning."""

import textwrap
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import tyro
from rich.console import Console
from rich.text import Text

from ..construct.facts import construction_facts
from ..core import InputError, rng
from ..core.lazy import lazy
from .answers import json_lines, write
from .answers import show as show_answers
from .parse import JsonFlag, check_output, run_one_of

if TYPE_CHECKING:
    from ..construct import Network
    from ..construct.catalogue import Checked

USAGE = """\
usage: eigenformer construct list
       eigenformer construct show NAME [--passes]
       eigenformer construct check NAME ... | --all
       eigenformer construct run NAME --input FILE ...
       eigenformer construct plot NAME --output FILE.png

Transformers whose weights are computed, not trained: each runs an algorithm in its layers.
More: eigenformer construct run --help, for each of them
"""
_NAMES = tyro.conf.arg(metavar="NAME [NAME ...]", help_behavior_hint="")


def main(args: list[str]) -> int:
    commands: dict[str, Callable[..., int]] = {
        "list": list_all,
        "show": show,
        "check": check,
        "run": run,
        "plot": plot,
    }
    return run_one_of(commands, args, prog="construct", usage=USAGE)


def list_all(as_json: JsonFlag = False) -> int:
    """List the constructed networks, with the layers, heads and width of a small one.

    Args:
        as_json: print JSON instead of a table.
    """
    facts = construction_facts()
    if as_json:
        print(json_lines(facts))
        return 0
    console = Console(highlight=False)
    for fact in facts:
        counts = f"layers {fact['layers']:<6}heads {fact['heads']:<4}width {fact['width']}"
        console.print(Text(f"{fact['name']:<26}", style="bold").append(counts, style="not bold"))
        for text, style in ((fact["summary"], ""), (fact["source"], "dim")):
            console.print(Text(_indented(text), style=style))
    return 0


def show(name: tyro.conf.Positional[str], passes: bool = False) -> int:
    """Show what each layer of a constructed network does, its counts, and the theorem's.

    Args:
        name: of the network (`eigenformer construct list` shows them).
        passes: print what each of the compiler's passes made, where it was compiled.
    """
    from ..construct import CATALOGUE, CompiledNetwork

    entry = CATALOGUE.get(name)
    network = entry.build()
    if passes and not isinstance(network, CompiledNetwork):
        raise InputError(f"{name} was laid out by hand; only compiled networks have passes")
    print(f"{entry.summary}\n{entry.source}\n")
    print(network.summary())
    if passes and isinstance(network, CompiledNetwork):
        print(f"\nThe compiler's passes:\n\n{network.compiled}")
    return 0


def check(
    names: Annotated[tuple[str, ...], tyro.conf.Positional, _NAMES] = (),
    all: bool = False,
    seed: int = 0,
    samples: int | None = None,
    as_json: JsonFlag = False,
) -> int:
    """Compare networks with NumPy on random inputs, and their counts with the known ones.

    Exits with 1 if one has more layers, heads or width than it should, or a larger error: 10 times
    the known one for rounding errors, 1.2 times for approximations. Solvers of a problem are also
    held to LAPACK's test ratios, below 30, on these inputs and on the gallery's matrices (Hilbert 2
    to 8, Frank, Kahan, Lehmer, Pascal, Rosser, Wilkinson), where there is an answer.

    Args:
        names: of the networks (`eigenformer construct list` shows them).
        all: check every one; under 5 minutes on two cores.
        seed: of the random inputs.
        samples: inputs a network; what each one says, without it.
        as_json: print JSON instead of a table.
    """
    from ..construct import CATALOGUE, check_entry

    if all == bool(names):
        raise InputError("give the names of networks, or --all for every one (and not both)")
    if samples is not None and samples < 1:
        raise InputError(f"--samples is {samples}; give at least 1")
    entries = {name: CATALOGUE.get(name) for name in (CATALOGUE.names() if all else names)}
    checked: dict[str, "Checked"] = {}
    with Console().status("") as status:
        for name, entry in entries.items():
            status.update(f"{name} ({len(checked) + 1} of {len(entries)})")
            checked[name] = check_entry(entry, rng(seed, f"construct:{name}"), samples)
    wrong = sum(not found.passed for found in checked.values())
    if as_json:
        print(json_lines([_report(name, found) for name, found in checked.items()]))
    else:
        _show_checks(checked, Console(highlight=False))
        print("\ncounts: ours/known; the theorem's are those of the source")
        print("ratio: LAPACK's, below 30")
        count = len(checked)
        print(f"{wrong} of {count} wrong" if wrong else f"all {count} as they should be")
    return 1 if wrong else 0


def run(
    name: tyro.conf.Positional[str],
    input: tuple[Path, ...],
    output: Path | None = None,
    as_json: JsonFlag = False,
) -> int:
    """Run a constructed network on matrices from files, one file for each of its inputs.

    A vector is a file with one row or one column. Several matrices in each file are a batch. Where
    the construction has one, the network is compiled for the inputs' shape.

    Args:
        name: of the network (`eigenformer construct show NAME` says what it takes).
        input: files, each of any kind that `solve` reads.
        output: write the answer to this .npy or .json file too.
        as_json: print JSON instead of text.
    """
    from ..construct import CATALOGUE
    from ..evaluation import beside_lapack, read_matrices

    check_output(output, ".npy", ".json")
    entry = CATALOGUE.get(name)
    small = entry.build()
    ports = small.spec.given or small.spec.inputs
    needed = [port.name for port in ports if not port.optional]
    if not len(needed) <= len(input) <= len(ports):
        raise InputError(
            f"{name} takes {', '.join(needed)}, a file for each; {len(input)} were given"
        )
    inputs = [
        _shaped(read_matrices(str(path)), len(port.shape), str(path))
        for path, port in zip(input, ports, strict=False)
    ]
    sizes = {len(values) for values in inputs}
    if len(sizes) > 1:
        raise InputError(f"the files hold different numbers of matrices, {sorted(sizes)}")
    with _plain_warnings():
        if entry.build_for is None:
            network, reference = small, entry.reference(*inputs)
        else:
            network, reference = entry.build_for(*inputs), None
        if network.spec.problem is not None and len(inputs) == 1:
            answers = beside_lapack(network.as_solver(), inputs[0])
            values = np.stack([answer.value for answer in answers])
            entries = [answer.to_dict() for answer in answers]
        else:
            answers = []
            values = network(*inputs).double().numpy()
            entries = _entries(network, inputs, values, reference)
    if as_json:
        print(json_lines(entries))
    elif answers:
        print(_one_line(network))
        show_answers(answers, Console())
    else:
        print(_one_line(network))
        _print_entries(network, values, reference)
    write(output, entries, values)
    return 0 if all(answer.valid for answer in answers) else 1


def plot(name: tyro.conf.Positional[str], output: Path, seed: int = 0) -> int:
    """Draw how a network converges: its error after each layer, in float64 and float32.

    For Newton's iterations for the inverse also against the condition number, with theory's lines.

    Args:
        name: of the network (`eigenformer construct list` shows them).
        output: the picture, a .png, .svg or .pdf file.
        seed: of the random inputs.
    """
    from ..construct import CATALOGUE
    from ..reports import plot_convergence

    check_output(output, ".png", ".svg", ".pdf")
    plot_convergence(CATALOGUE.get(name), name, output, seed)
    print(f"wrote {output}")
    return 0


def _report(name: str, found: "Checked") -> dict[str, Any]:
    return {
        "name": name,
        "layers": found.layers,
        "heads": found.heads,
        "width": found.width,
        "feed_forward": found.feed_forward,
        "error": found.error,
        "allowed": found.entry.allowed,
        "predicted": found.predicted,
        "ratio": found.ratio,
        "hardest": found.hardest or None,
        "bounds": found.entry.facts(),
        "passed": found.passed,
    }


_COLUMNS = {
    "network": 23,
    "layers": 10,
    "heads": 6,
    "width": 8,
    "FFN": 5,
    "error": 9,
    "predicted": 10,
    "allowed": 9,
    "ratio": 6,
}


def _show_checks(checked: "Mapping[str, Checked]", console: Console) -> None:
    """A line of counts (ours/known) and errors a network, the source's counts below it."""
    console.print(_row(_COLUMNS), style="dim", soft_wrap=True)
    for name, found in checked.items():
        entry = found.entry
        cells = [
            name,
            f"{found.layers}/{entry.layers}",
            f"{found.heads}/{entry.heads}",
            f"{found.width}/{entry.width}",
            str(found.feed_forward),
            f"{found.error:.1e}",
            "-" if found.predicted is None else f"{found.predicted:.1e}",
            f"{entry.allowed:.1e}",
            "-" if found.ratio is None else f"{found.ratio:.2g}",
        ]
        line = _row(cells)
        if found.passed:
            line.append("  ok", style="green")
        else:
            line.append(f"  WRONG: {', '.join(found.wrong)}", style="red")
        console.print(line, soft_wrap=True)
        if entry.theorem:
            theorem = ", ".join(f"{key} {value}" for key, value in entry.theorem.items())
            console.print(Text(_indented(f"theorem: {theorem}"), style="dim"))


def _row(cells: Iterable[str]) -> Text:
    """Cells in columns: the first to the left, numbers to the right."""
    text = Text()
    for i, (cell, width) in enumerate(zip(cells, _COLUMNS.values(), strict=True)):
        text.append(f"{cell:<{width}}" if i == 0 else f"{cell:>{width}}")
    return text


def _indented(text: str) -> str:
    return textwrap.fill(text, 78, initial_indent="    ", subsequent_indent="    ")


def _shaped(matrices: list[np.ndarray], dimensions: int, source: str) -> np.ndarray:
    """What a file holds, as a batch of matrices, vectors or numbers."""
    shapes = {matrix.shape for matrix in matrices}
    if len(shapes) > 1:
        raise InputError(f"{source} holds matrices of several shapes; give one shape a file")
    values = np.stack(matrices)
    if dimensions == 2:
        return values
    if dimensions == 1 and 1 in values.shape[1:]:
        return values.reshape(len(values), -1)
    if dimensions == 0 and values.shape[1:] == (1, 1):
        return values.reshape(len(values))
    kind = "a vector: one row or one column" if dimensions else "one number"
    m, n = values.shape[1:]
    raise InputError(f"{source} holds a matrix of {m}x{n}, but that input is {kind}")


def _one_line(network: "Network") -> str:
    summary = network.summary()
    proved = f", {summary.proved}" if summary.proved else ""
    return (
        f"{summary.name}: {summary.layers} layers{proved}, {summary.heads} heads, "
        f"width {summary.width}"
    )


def _entries(
    network: "Network", inputs: list[np.ndarray], values: np.ndarray, reference: np.ndarray | None
) -> list[dict[str, Any]]:
    ports = network.spec.given or network.spec.inputs
    return [
        {
            "network": network.spec.name,
            "inputs": {p.name: x[i].tolist() for p, x in zip(ports, inputs, strict=False)},
            network.spec.output.name: values[i].tolist(),
            "numpy": None if reference is None else reference[i].tolist(),
        }
        for i in range(len(values))
    ]


def _print_entries(network: "Network", values: np.ndarray, reference: np.ndarray | None) -> None:
    with np.printoptions(precision=6, suppress=True, linewidth=80):
        for i, value in enumerate(values):
            number = f" {i + 1}" if len(values) > 1 else ""
            print(f"{network.spec.output.name}{number} =\n{value}")
            if reference is not None:
                error = float(np.abs(value - reference[i]).max())
                print(f"the same steps in NumPy differ by at most {error:.1e}")


@contextmanager
def _plain_warnings() -> Iterator[None]:
    """What networks warn of, as one line each."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for text in dict.fromkeys(str(warning.message) for warning in caught):
        Console(stderr=True).print(Text(f"caution: {text}", style="yellow"), soft_wrap=True)


lazy(__name__)
