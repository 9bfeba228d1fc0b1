"""What LAWT's settings mean here: the task, the architecture, the words.

Read in the LAWT code (src/envs/numeric.py, encoders.py, generators.py, src/model/transformer.py).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ... import ensembles, problems
from ...core import InputError, unknown
from ...encodings import Balanced, Encoding, Floating, Positional, Task
from ...ensembles import Ensemble
from ...models import LawtConfig, StackConfig
from ...problems import Problem

T = TypeVar("T")

POSITIONS = 4096
"""A constant of LAWT's, as are the other numbers of `_config` and the words below."""
_SPECIAL = (
    *("<s>", "</s>", "<pad>", "(", ")"),
    *(f"<SPECIAL_{i}>" for i in range(10)),
    *("T", "A", "D", "M", "E", "F", "I"),
    *("+", "-", "10^", ".", "|"),
)
# LAWT's sequences begin and end with word 0 and are filled up with word 1, whatever these are
# called.
_EOS, _PAD = _SPECIAL[0], _SPECIAL[1]

_OPERATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "transpose": ("transpose", {}),
    "matrix_sum": ("add", {}),
    "matrix_vector": ("matvec", {}),
    "matrix_product": ("matmul", {}),
    "eigenvalues": ("eigenvalues", {}),
    "eigenvectors": ("eigenvectors", {"signs": "lapack"}),
    "invert_matrix": ("inverse", {}),
    "syminverse": ("symmetric_inverse", {}),
    "singularvalues": ("singular_values", {}),
    "singularvectors": ("svd", {"signs": "lapack"}),
}
_LETTERS = {
    "T": "transpose",
    "A": "matrix_sum",
    "D": "matrix_vector",
    "M": "matrix_product",
    "E": "eigenvalues",
    "F": "eigenvectors",
    "I": "invert_matrix",
}
_SQUARE = ("eigenvalues", "eigenvectors", "invert_matrix", "syminverse")
_SPECTRAL = ("eigenvalues", "eigenvectors", "syminverse")
_SPECTRA = {
    "positive": "spectrum-positive",
    "uniform": "spectrum-uniform",
    "gaussian": "spectrum-gaussian",
    "laplace": "spectrum-laplace",
    "positive2": "spectrum-positive-laplace",
    "marcenko": "spectrum-marchenko-pastur",
}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A LAWT run, in our terms."""

    name: str
    """Its operation and the dimensions of its matrices."""
    task: Task
    model: LawtConfig
    vocabulary: tuple[str, ...]
    """LAWT's words by LAWT's ids, one list for both stacks."""
    input_words: tuple[str, ...]
    """LAWT's words by our ids: of the encoder, ..."""
    output_words: tuple[str, ...]
    """... and of the decoder, whose last ones only LAWT has."""
    notes: tuple[str, ...]
    """Sentences on what is not as it was in LAWT."""


def read_settings(params: dict[str, Any], file: Path) -> Settings:
    """The run that `params` describe; an `InputError` (about `file`) for what is not supported."""
    read = _Params(params, file)
    if not read("share_inout_emb", bool):
        raise InputError(
            f"{file} has share_inout_emb false: a decoder whose output does not share its "
            "embedding has no counterpart here"
        )
    operation = read("operation", str)
    letters = read("cotraining_tasks", str) if operation == "cotraining" else ""
    operations = [_LETTERS.get(letter, letter) for letter in letters] or [operation]
    for name in operations:
        if name not in _OPERATIONS:
            raise unknown(f"operation of {file}", name, (*_OPERATIONS, "cotraining"))
    problem = _problem(operations, joint=operation == "cotraining")
    inputs, outputs = read("input_encoding", str), read("output_encoding", str)
    most = read("max_encoder_dimension", int)
    encoder = _encoding(inputs, outputs, most, file)
    decoder = _encoding(outputs, outputs, most, file)
    task = Task(
        problem=problem,
        ensemble=_ensemble(read, operations),
        encoder=encoder,
        decoder=decoder,
        noise=read("sigma", float) if read("noisy_input", bool) else 0.0,
    )
    symbols = {*_symbols(encoder), *_symbols(decoder)}
    vocabulary = (*_SPECIAL, *sorted(symbols))
    known = _words(task.decoder, letters)
    mapped = set(known)
    others = [word for word in vocabulary if word not in mapped]
    return Settings(
        name=f"lawt-{operation}-{task.ensemble.dims}".replace("_", "-"),
        task=task,
        model=_config(read, other_words=len(others)),
        vocabulary=vocabulary,
        input_words=_words(task.encoder, letters),
        output_words=(*known, *others),
        notes=_notes(read, task, operations),
    )


class _Params:
    """Settings by name, with their types checked."""

    def __init__(self, params: dict[str, Any], file: Path) -> None:
        self.params = params
        self.file = file

    def __call__(self, name: str, kind: type[T]) -> T:
        if name not in self.params:
            raise InputError(
                f"{self.file} has no {name}; it is not of the LAWT code as of March 2023"
            )
        value = self.params[name]
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise InputError(f"{self.file}: {name} is {value!r}; it should be a {kind.__name__}")
        return value


def _problem(operations: list[str], joint: bool) -> Problem:
    if joint:
        return problems.get("joint", problems=tuple(_OPERATIONS[name][0] for name in operations))
    name, options = _OPERATIONS[operations[0]]
    return problems.get(name, **options)


def _config(read: _Params, other_words: int) -> LawtConfig:
    def stack(side: str) -> StackConfig:
        return StackConfig(
            layers=read(f"n_{side}_layers", int),
            width=read(f"{side}_emb_dim", int),
            heads=read(f"n_{side}_heads", int),
        )

    return LawtConfig(
        encoder=stack("enc"),
        decoder=stack("dec"),
        cross_attention_input="layer_input",
        max_positions=POSITIONS,
        norm_epsilon=1e-12,
        other_words=other_words,
    )


def _ensemble(read: _Params, operations: list[str]) -> Ensemble:
    """The training matrices."""
    low, high = read("min_input_coeff", int), read("max_input_coeff", int)
    scale = (low, high) if 0 < low < high else high
    dims = _dims(read, operations)
    # Anything but "normal" is uniform in LAWT.
    entries = "iid-gaussian" if read("generator", str) == "normal" else "iid-uniform"
    if operations[0] not in _SPECTRAL or len(operations) > 1:
        return ensembles.get(entries, dims=dims, scale=scale)
    laws = [_SPECTRA.get(law, entries) for law in read("eigen_distribution", str).split(",")]
    if len(laws) == 1:
        return ensembles.get(laws[0], dims=dims, scale=scale)
    return ensembles.get("mixture", dims=dims, scale=scale, components=tuple(laws))


def _dims(read: _Params, operations: list[str]) -> str:
    square = any(name in _SQUARE for name in operations)
    if read("force_dim", bool) and not square:
        sides = [read("first_dimension", int), read("second_dimension", int)]
        if operations[0] in ("matrix_sum", "matrix_product"):
            sides.reverse()
        return "x".join(map(str, sides))
    low, high = read("min_dimension", int), read("max_dimension", int)
    sizes = f"{low}-{high}" if low < high else f"{low}"
    return sizes if low < high and (square or not read("rectangular", bool)) else f"{sizes}x{sizes}"


def _encoding(text: str, outputs: str, most: int, file: Path) -> Encoding:
    kind, *options = text.split(",")
    # LAWT takes the precision of a floatsymbol input from the options of the output.
    options = outputs.split(",")[1:] if kind == "floatsymbol" else options
    try:
        numbers = [int(option) for option in options]
        if kind == "float" and len(numbers) == 2:
            return Positional(precision=numbers[0] + 1, base=numbers[1], max_dim=most)
        if kind == "floatsymbol" and numbers:
            return Balanced(precision=numbers[0] + 1, max_dim=most)
        if kind == "FP15" and len(numbers) == 2:
            precision, span = numbers[0] + 1, numbers[1] - 1
            found = Floating(precision=precision, span=span, max_dim=most)
            if 2 * found.lowest == -sum(numbers):
                return found
    except InputError as error:
        raise InputError(f"{file} has the encoding {text!r}, and {error}") from None
    except ValueError:
        pass  # options that are not integers
    raise InputError(
        f"{file} has the encoding {text!r}; such as float,2,1000 or floatsymbol,2 or FP15,2,16 "
        "are supported"
    )


def _words(encoding: Encoding, letters: str) -> tuple[str, ...]:
    """LAWT's word for each of an encoding's; `letters` are those of the tasks."""
    dims = encoding.vocabulary[encoding.first_dim : encoding.first_number]
    return (_EOS, _PAD, *letters, *dims, *(_number_word(encoding, w) for w in _numbers(encoding)))


def _numbers(encoding: Encoding) -> tuple[str, ...]:
    return encoding.vocabulary[encoding.first_number :]


def _number_word(encoding: Encoding, word: str) -> str:
    if isinstance(encoding, Balanced) and not word.startswith("E"):
        return f"N{word}"
    if isinstance(encoding, Floating):
        mantissa, exponent = word.removeprefix("FP").split("/")
        place = 0 if mantissa == "0" else int(exponent) - encoding.lowest
        return f"N{mantissa}e{place}"
    return word


def _symbols(encoding: Encoding) -> set[str]:
    """All words that LAWT has for an encoding, without + and -."""
    dims = encoding.vocabulary[encoding.first_dim : encoding.first_number]
    found = {*dims, *(_number_word(encoding, w) for w in _numbers(encoding))} - {"+", "-"}
    if isinstance(encoding, Balanced):
        found |= {f"N{sign}{10**encoding.precision}" for sign in ("", "-")}
    if isinstance(encoding, Floating):
        found |= {"NaN", "-NaN"}
    return found


def _notes(read: _Params, task: Task, operations: list[str]) -> tuple[str, ...]:
    found = []
    if "eigenvectors" in operations:
        found.append(
            "LAWT lists eigenvalues and their vectors in ascending order, eigenformer in "
            "descending: judge it by --score paper, which takes either"
        )
    sides = (task.encoder, task.decoder)
    if any(isinstance(side, Positional) and side.tokens_per_number > 3 for side in sides):
        found.append(
            "LAWT writes an exact zero with fewer tokens than other numbers, eigenformer does not: "
            "do not ask about matrices with zeros"
        )
    if "marcenko" in read("eigen_distribution", str) and operations[0] in _SPECTRAL:
        found.append("the matrices called marcenko in LAWT are of another scale in its own code")
    return tuple(found)
