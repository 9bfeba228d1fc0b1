"""A trained network as a solver."""

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Bool, Float64
from torch import nn

from ..core import InputError, unknown
from ..encodings import Reason, Task, seen_inputs
from ..ensembles import IidUniform, Matrices
from ..models import generate
from ..problems import Joint, Problem
from .solver import Predictions, Solver


class TrainedSolver(Solver):
    """Writes inputs as tokens, decodes greedily, reads the answer back.

    `problem` differs from the task's only for a jointly trained model that answers one of its
    problems (see `only`).
    """

    def __init__(
        self,
        model: nn.Module,
        task: Task,
        name: str = "model",
        problem: Problem | None = None,
        batch: int = 1024,
    ) -> None:
        self.model = model
        self.task = task
        self.name = name
        self.problem = task.problem if problem is None else problem
        self.batch = batch

    def only(self, problem: str) -> "TrainedSolver":
        """A jointly trained model as the solver of one of its problems."""
        joint = self.task.problem
        if not isinstance(joint, Joint):
            raise InputError(f"{self.name} was trained on one problem; it has no task tokens")
        if problem not in joint.problems:
            raise unknown(f"problem of {self.name}", problem, joint.problems)
        part = joint.parts[joint.problems.index(problem)]
        return TrainedSolver(self.model, self.task, self.name, part, self.batch)

    def _with_kinds(self, matrices: Matrices) -> Matrices:
        joint = self.task.problem
        if not isinstance(joint, Joint) or matrices.kinds is not None:
            return matrices
        if self.problem is joint:
            raise InputError(
                f"{self.name} answers {', '.join(joint.problems)}: choose one with only(...)"
            )
        kind = joint.parts.index(self.problem)
        return replace(matrices, kinds=np.full(len(matrices), kind))

    def predict(self, inputs: Matrices) -> Predictions:
        inputs = self._with_kinds(inputs)
        ids = torch.from_numpy(self.task.encoder.encode(inputs))
        device = next(self.model.parameters()).device
        width = self._longest_answer(inputs)
        outputs = np.empty((len(inputs), width), np.int64)
        padded = not inputs.uniform
        for start in range(0, len(inputs), self.batch):
            stop = min(start + self.batch, len(inputs))
            tokens = generate(self.model, ids[start:stop].to(device), width, padded=padded)
            outputs[start:stop] = 1
            outputs[start:stop, : tokens.shape[1]] = tokens.cpu().numpy()
        decoded = self.task.decoder.decode(outputs)
        reasons = [Reason(code).text for code in decoded.reason]
        valid = decoded.valid
        if inputs.kinds is not None:
            assert decoded.matrices.kinds is not None
            other = valid & (decoded.matrices.kinds != inputs.kinds)
            for i in np.flatnonzero(other):
                reasons[i] = "the answer names another task"
            valid = valid & ~other
        return Predictions(decoded.matrices, valid, reasons)

    def _longest_answer(self, inputs: Matrices) -> int:
        """Tokens of the longest well-formed answer, <eos> included."""
        shapes = np.unique(np.stack([inputs.rows, inputs.columns], axis=1), axis=0)
        if isinstance(self.problem, Joint):
            assert inputs.kinds is not None
            found = {
                self.problem.parts[kind].output_shape(m, n)
                for kind in np.unique(inputs.kinds)
                for m, n in np.unique(
                    np.stack([inputs.rows, inputs.columns], axis=1)[inputs.kinds == kind], axis=0
                )
            }
        else:
            found = {self.problem.output_shape(int(m), int(n)) for m, n in shapes}
        return max(self.task.decoder.length(m, n) for m, n in found) + 1

    def accepts(self, inputs: Matrices, answers: Matrices) -> Bool[np.ndarray, " B"]:
        _, readable = self.task.encoder.try_encode(self._with_kinds(inputs))
        _, writable = self.task.decoder.try_encode(self._with_kinds(answers))
        return readable & writable

    def seen(self, inputs: Matrices) -> Matrices:
        return seen_inputs(self.problem, self.task.encoder, self._with_kinds(inputs))

    def rounded(self, answers: Matrices) -> Matrices:
        decoder = self.task.decoder
        return decoder.decode(decoder.encode(self._with_kinds(answers))).matrices

    def cautions(self, inputs: Float64[np.ndarray, "B M N"]) -> list[str]:
        found = []
        ensemble, (_, m, n) = self.task.ensemble, inputs.shape
        if not takes(replace(self.task, problem=self.problem), m, n):
            found.append(
                f"{self.name} was trained on {ensemble.dims} matrices, not on an input of {m}x{n}: "
                "do not expect a right answer"
            )
        # Coefficients of the usual ensembles are below A, or rarely above 3 A where they have tails.
        low, high = np.min(ensemble.scale), np.max(ensemble.scale)
        reach = 1.01 if isinstance(ensemble, IidUniform) else 3.0
        sizes = np.abs(inputs).max(axis=(1, 2))
        for size in (sizes.max(), sizes.min()):
            if not 0.1 * low <= size <= reach * high:
                found.append(
                    f"{self.name} was trained on coefficients of the scale {high:g}, but the largest "
                    f"of an input is {size:g}: rescale it"
                )
                break
        return found


def takes(task: Task, m: int, n: int) -> bool:
    """Whether inputs of m x n occur among the examples of `task`."""
    dims = task.ensemble.dimensions
    return any(
        task.problem.input_shape(rows, columns) == (m, n)
        for rows in range(dims.rows[0], dims.rows[1] + 1)
        for columns in range(dims.columns[0], dims.columns[1] + 1)
        if dims.contains(rows, columns)
    )
