"""What the page shows, as a few lines of Python that do the same."""

from ..ensembles.reading import parse_matrix
from .comparison import CompareState
from .draw import LARGEST_SIDE
from .menu import CONSTRUCTED, LAPACK, NEWTON, SCRATCH
from .state import AskState, BuildState


def ask_python(state: AskState, model: str) -> str:
    """The question asked of the model that answered it."""
    lines = ["import numpy as np", "", "import eigenformer as ef", ""]
    rows = parse_matrix(state.matrix, LARGEST_SIDE).tolist()
    matrix = ",\n     ".join(str(row) for row in rows)
    lines += [f"A = np.array(\n    [{matrix}]\n)", f"solver = {_loaded(model, state.problem)}"]
    if state.noise:
        lines.append(f"# The page added noise of {100 * state.noise:g}% to what the model sees.")
    if state.polish:
        lines.append("solver = ef.construct.polish(solver)")
    lines += ["solution = solver.solve(A)", "print(solution.value)", "print(solution.certificate)"]
    return "\n".join(lines) + "\n"


def _loaded(model: str, problem: str) -> str:
    return f'ef.load("{model}").only("{problem}")'


def build_python(state: BuildState) -> str:
    """The program, compiled and run."""
    from ..construct.language import read_program  # torch comes with it: on demand

    text = state.program.rstrip().replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    program = read_program(state.program)
    lines = [
        "import torch",
        "",
        "import eigenformer as ef",
        "from eigenformer.construct.language import read_program",
        "",
        f'network = read_program("""\\\n{text}\n""").compile()',
        "print(network.summary())",
        f"rng = ef.rng({state.seed})",
    ]
    for at, (name, (rows, columns)) in enumerate(program.given.items()):
        if at == 0 and state.matrix.strip():
            value = f"np.array({parse_matrix(state.matrix, LARGEST_SIDE).tolist()})"
            lines.insert(1, "import numpy as np")
        else:
            value = f"rng.standard_normal(({rows}, {columns}))"
        lines.append(f"{name} = torch.from_numpy({value})")
        if name in program.symmetric and not value.startswith("np"):
            lines.append(f"{name} = {name} + {name}.T")
    lines.append(f"print(network({', '.join(program.given)}))")
    return "\n".join(lines) + "\n"


def compare_python(state: CompareState) -> str:
    """One point of the comparison, the first, for each solver."""
    place = state.places()[0]
    ensemble, size, noise = state.setting(place)
    options = "".join(f", {key}={value!r}" for key, value in _options(state, place).items())
    name = ensemble.registry.name_of(ensemble)
    lines = ["import eigenformer as ef", "", f'problem = ef.problems.get("{state.problem}")']
    lines.append(
        f'ensemble = ef.ensembles.get("{name}", dims={(size, size)}, scale={ensemble.scale!r}'
        f"{options})  # {state.sweep} {place}"
    )
    lines.append("solvers = [")
    for solver in state.solvers:
        lines.append(f"    {_solver(solver, state, size)},")
    lines += ["]", "for solver in solvers:"]
    noisy = f", noise={noise}" if noise else ""
    lines.append(
        f"    result = ef.evaluate(solver, problem, ensemble, n={state.matrices}, "
        f'seed={state.seed}, tolerances=({state.tolerance},){noisy}, name="compare")'
    )
    lines.append(f"    print(solver.name, result.at({state.tolerance}))")
    return "\n".join(lines) + "\n"


def _options(state: CompareState, place: float | str) -> dict[str, float]:
    return {"condition": float(place)} if state.sweep == "condition number" else {}


def _solver(name: str, state: CompareState, size: int) -> str:
    if name == LAPACK:
        return f'ef.numpy_solver("{state.problem}")'
    if name == SCRATCH:
        return f'ef.construct.constructed_solver("{state.problem}")'
    if name == NEWTON:
        symmetric = CONSTRUCTED[state.problem]
        return (
            f"ef.construct.newton_inverse(dim={size}, steps={state.steps}, symmetric={symmetric})"
            f'.as_solver("{state.problem}")'
        )
    return _loaded(name, state.problem)
