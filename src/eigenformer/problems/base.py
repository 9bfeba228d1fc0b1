"""What a problem is, and how one that is solved shape by shape is written."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, TypeVar

import numpy as np
from jaxtyping import Float64

from ..core import InputError, Registry
from ..ensembles import Ensemble, Matrices
from .errors import Errors, combine
from .norms import NORMS, PerInput, norms, ratio, relative, relative_l1
from .proofs import Bound

# Predictions of another shape than the truth are an outcome, so the axes have no names.
Batch = Matrices | Float64[np.ndarray, "_ _ _"]
B = TypeVar("B", np.ndarray, Matrices)
Inputs = Float64[np.ndarray, "B m n"]
"""Inputs of one shape."""
Answers = Float64[np.ndarray, "B p q"]
"""Answers to them, true or predicted."""
DOUBTFUL = 0.05
"""Right is an answer within 5%, of which residuals show as much."""


@dataclass(frozen=True, kw_only=True)
class Problem(ABC):
    """A question asked of a matrix. Subclass `ShapedProblem` to write one.

    A prediction is correct at tolerance t if it has the right shape and `errors(...).scores["l1"]`
    is below t (Charton 2022, section 3 and appendix B).
    """

    registry: ClassVar[Registry["Problem"]] = Registry("problem")
    needs_square: ClassVar[bool] = False
    needs_symmetric: ClassVar[bool] = False
    reconstructs: ClassVar[bool] = False
    """Whether predictions are judged by what they do to the input (as the model saw it)."""
    degree: ClassVar[float | None] = None
    """The answer to c M is c^degree times that to M for every c > 0 (see `scaled`); None where that
    is not so, and inputs are never rescaled."""
    doubtful: ClassVar[Mapping[str, float]] = {}
    """Above what a residual is worth a caution; `DOUBTFUL` for those that are left out."""
    polishable: ClassVar[bool] = False
    """Whether an iteration refines its answers (`construct.polishers.POLISHERS`)."""
    proved: ClassVar[Mapping[str, str]] = {}
    """What `prove` bounds, in words, by part: "eigenvalue" where each eigenvalue has a bound."""

    @property
    def name(self) -> str:
        """The name under which it is registered."""
        return self.registry.name_of(self)

    @property
    def parts(self) -> tuple["Problem", ...]:
        """The problems that an input may belong to: itself, or those of a joint one."""
        return (self,)

    @property
    def tasks(self) -> tuple[str, ...]:
        """The names of `parts` where each input says its own (`Matrices.kinds`); else empty."""
        return ()

    @property
    def score_names(self) -> tuple[str, ...]:
        """The keys of `Errors.scores`."""
        return NORMS

    @abstractmethod
    def input_shape(self, m: int, n: int) -> tuple[int, int]:
        """The shape of an input made of m x n matrices of the ensemble."""

    @abstractmethod
    def output_shape(self, m: int, n: int) -> tuple[int, int]:
        """The shape of the answer to an m x n input; `InputError` if there can be none."""

    def rows(self, m: int, n: int) -> dict[str, int | slice]:
        """Which rows of the answer to an m x n input are what, by name: all of it as a rule."""
        return {"answer": slice(None)}

    @abstractmethod
    def draw(self, rng: np.random.Generator, batch: int, ensemble: Ensemble) -> Matrices:
        """`batch` inputs of matrices from `ensemble`; `InputError` if its shapes do not fit."""

    @abstractmethod
    def solve(self, inputs: B) -> B:
        """The true answers in float64, in the form (array or `Matrices`) of the inputs."""

    @abstractmethod
    def errors(self, inputs: Batch, true: Batch, predicted: Batch) -> Errors:
        """How far `predicted` is from right.

        `inputs` are the matrices as the model saw them, `true` the answers to the drawn ones.
        """

    def check_dims(self, ensemble: Ensemble) -> None:  # noqa: B027  (not all have to refuse some)
        """`InputError` if inputs can't be made of the ensemble's shapes."""

    @abstractmethod
    def check(self, inputs: Batch) -> None:
        """`InputError` unless each input can be answered: says which cannot, and why."""

    @abstractmethod
    def residuals(self, inputs: Batch, predicted: Batch) -> PerInput:
        """What shows without the truth whether a prediction is right: small if it is."""

    def ratios(self, inputs: Batch, predicted: Batch) -> Float64[np.ndarray, " B"] | None:
        """LAPACK's test ratio of each prediction (`problems.ratios`): as right as can be below 30.

        None of a problem that has no such test.
        """
        return None

    def prove(self, inputs: Inputs, predicted: Answers) -> dict[str, Bound]:
        """Bounds on the distance of items of predictions of the right shape from the true ones.

        By part of the answer (see `rows`), as `proved` names them: inf where nothing is proved.
        What is proved holds for these inputs exactly, rounding counted (docs/certificates.md).
        """
        return {}

    def scaled(self, answers: Answers, factor: Float64[np.ndarray, " B"]) -> Answers:
        """The answers to factor[i] M_i, from those to M_i; of a problem that has a `degree`."""
        assert self.degree is not None, f"{self.name} does not scale"
        return np.asarray(answers * _power(factor, self.degree)[:, None, None])

    def traits(self, inputs: Inputs) -> PerInput:
        """Figures by which inputs differ that a network may not be able to answer alike."""
        size = norms(inputs)
        return {
            "largest": size["max"],
            "rms": size["l2"] / np.sqrt(inputs[0].size),
            "zeros": (inputs == 0).mean(axis=(1, 2)),
        }

    def doubts(self, inputs: Inputs) -> list[tuple[str, np.ndarray]]:
        """Sentences on what makes a question ill-posed, and for which inputs [B] each holds."""
        return []


@dataclass(frozen=True, kw_only=True)
class ShapedProblem(Problem):
    """A problem given at one shape.

    To write one: `output_shape`, `answer`, `compare`, `certify`.
    """

    def input_shape(self, m: int, n: int) -> tuple[int, int]:
        """That of the ensemble's matrices; another one where a problem has two operands."""
        if self.needs_square:
            self._need_square(m, n)
        return m, n

    @abstractmethod
    def answer(self, inputs: Inputs) -> Answers:
        """The true answers to inputs of one shape."""

    @abstractmethod
    def compare(
        self, inputs: Inputs, true: Answers, predicted: Answers
    ) -> tuple[PerInput, PerInput]:
        """Scores and measures of predictions of the right shape.

        Predictions may hold nan, inf and huge numbers; floating-point warnings are off.
        """

    @abstractmethod
    def certify(self, inputs: Inputs, predicted: Answers) -> PerInput:
        """`residuals` of predictions of the right shape; warnings are off here too."""

    def test_ratio(self, inputs: Inputs, predicted: Answers) -> Float64[np.ndarray, " B"] | None:
        """`ratios` of predictions of the right shape; None as a rule."""
        return None

    def draw_inputs(self, rng: np.random.Generator, batch: int, ensemble: Ensemble) -> Matrices:
        """Inputs from an ensemble whose shapes fit; problems with two operands draw both."""
        return ensemble.draw(rng, batch, symmetric=self.needs_symmetric)

    def check_inputs(self, inputs: Inputs, index: np.ndarray) -> None:
        """What `check` does beyond shape, finiteness and symmetry; `index` numbers the inputs."""

    def check_dims(self, ensemble: Ensemble) -> None:
        if self.needs_square and not ensemble.dimensions.square:
            raise InputError(
                f"dims is {ensemble.dims!r}, but {self.name} needs square matrices; "
                "give a square size (5x5) or a range of them (5-15)"
            )

    def draw(self, rng: np.random.Generator, batch: int, ensemble: Ensemble) -> Matrices:
        self.check_dims(ensemble)
        return self.draw_inputs(rng, batch, ensemble)

    def solve(self, inputs: B) -> B:
        if isinstance(inputs, Matrices):
            return inputs.map(self.answer)
        return self.answer(inputs)

    def errors(self, inputs: Batch, true: Batch, predicted: Batch) -> Errors:
        truth = Matrices.of(true)
        if len(truth) != len(inputs):
            raise InputError(
                f"there are {len(inputs)} inputs and {len(truth)} true answers; give solve(inputs)"
            )
        parts = []
        for index, matrices, shape, guess in self._aligned(inputs, predicted):
            expected, fits = _cut(truth, index, shape)
            if not fits.all():
                i = int(index[~fits][0])
                raise InputError(
                    f"a true answer is {truth.rows[i]}x{truth.columns[i]}, but {self.name} of "
                    f"this input is {shape[0]}x{shape[1]}; give solve(inputs)"
                )
            # Predictions may be anything: overflow and nan are outcomes, not accidents.
            with np.errstate(all="ignore"):
                scores, measures = self.compare(matrices, expected, guess)
                coefficients = ratio(np.abs(guess - expected), np.abs(expected))
            parts.append(
                (
                    index,
                    Errors(
                        scores=scores,
                        measures=measures,
                        coefficients=coefficients.reshape(len(index), -1),
                    ),
                )
            )
        return combine(len(truth), parts, self.score_names)

    def residuals(self, inputs: Batch, predicted: Batch) -> PerInput:
        out: dict[str, np.ndarray] = {}
        for index, matrices, _, guess in self._aligned(inputs, predicted):
            with np.errstate(all="ignore"):
                part = self.certify(matrices, guess)
            for name, values in part.items():
                into = out.setdefault(name, np.full(len(predicted), np.inf))
                into[index] = values
        return out

    def ratios(self, inputs: Batch, predicted: Batch) -> Float64[np.ndarray, " B"] | None:
        out = np.full(len(predicted), np.inf)
        for index, matrices, _, guess in self._aligned(inputs, predicted):
            with np.errstate(all="ignore"):
                part = self.test_ratio(matrices, guess)
            if part is None:
                return None
            out[index] = np.where(np.isfinite(guess).all(axis=(1, 2)), part, np.inf)
        return out

    def check(self, inputs: Batch) -> None:
        if not isinstance(inputs, Matrices):
            if inputs.ndim != 3 or 0 in inputs.shape:
                raise InputError(
                    f"the input has shape {inputs.shape}; give a batch of matrices [B, M, N], "
                    "none of them empty"
                )
            if not np.issubdtype(inputs.dtype, np.number) or np.iscomplexobj(inputs):
                raise InputError(f"the input is of type {inputs.dtype}; give real numbers")
        for index, matrices in Matrices.of(inputs).groups():
            _, m, n = matrices.shape
            if m == 0 or n == 0:
                raise InputError(f"input {index[0]} is {m}x{n}; give a matrix that is not empty")
            finite = np.isfinite(matrices).all(axis=(1, 2))
            if not finite.all():
                raise InputError(f"input {index[~finite][0]} holds a nan or inf; give numbers")
            self.output_shape(m, n)
            if self.needs_symmetric:
                self._check_symmetric(matrices, index)
            self.check_inputs(matrices, index)

    def _check_symmetric(self, matrices: np.ndarray, index: np.ndarray) -> None:
        difference = np.abs(matrices - matrices.transpose(0, 2, 1)).max(axis=(1, 2))
        bad = difference > 1e-8 * np.abs(matrices).max(axis=(1, 2))
        if bad.any():
            raise InputError(
                f"input {index[bad][0]} is not symmetric (mirrored coefficients differ by up to "
                f"{difference[bad][0]:.3g}), as {self.name} needs it; give (M + M^T) / 2"
            )

    def _need_square(self, m: int, n: int) -> None:
        if m != n:
            raise InputError(f"the input is {m}x{n}, but {self.name} needs a square matrix")

    def _aligned(
        self, inputs: Batch, predicted: Batch
    ) -> Iterator[tuple[np.ndarray, np.ndarray, tuple[int, int], np.ndarray]]:
        """By input shape: indices, inputs, shape of the answers, predictions (nan if misshapen)."""
        matrices, guesses = Matrices.of(inputs), Matrices.of(predicted)
        if len(matrices) != len(guesses):
            raise InputError(
                f"there are {len(matrices)} inputs and {len(guesses)} predictions; "
                "give one prediction an input"
            )
        for index, group in matrices.groups():
            shape = self.output_shape(*group.shape[1:])
            guess, fits = _cut(guesses, index, shape)
            if not fits.all():
                guess = np.where(fits[:, None, None], guess, np.nan)
            yield index, group, shape, guess


@dataclass(frozen=True, kw_only=True)
class EntrywiseProblem(ShapedProblem):
    """A problem with one right answer, compared entry by entry: ||P - O|| / ||O||.

    Certificate `recomputed`: the same in L1, against the answer computed again; for problems that
    are quicker to solve than to ask a network.
    """

    def compare(
        self, inputs: Inputs, true: Answers, predicted: Answers
    ) -> tuple[PerInput, PerInput]:
        return relative(predicted - true, norms(true)), {}

    def certify(self, inputs: Inputs, predicted: Answers) -> PerInput:
        answer = self.answer(inputs)
        return {"recomputed": relative_l1(predicted - answer, answer)}


def _power(factor: np.ndarray, degree: float) -> np.ndarray:
    with np.errstate(over="ignore"):  # what is too large becomes inf, and no answer
        return np.asarray(np.power(factor, float(degree)))


def _cut(
    matrices: Matrices, index: np.ndarray, shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Matrices `index` as [b, p, q], and which of them have that shape; the rest is unspecified."""
    p, q = shape
    everything = len(index) == len(matrices)
    rows = matrices.rows if everything else matrices.rows[index]
    columns = matrices.columns if everything else matrices.columns[index]
    fits = (rows == p) & (columns == q)
    values = matrices.values if everything else matrices.values[index]
    values = values[:, :p, :q]
    if values.shape[1:] != shape:
        short = values
        values = np.full((len(index), p, q), np.nan)
        values[:, : short.shape[1], : short.shape[2]] = short
    return values, fits
