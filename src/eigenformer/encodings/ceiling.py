"""What rounding alone costs: the score of the true answer after both sides went through tokens."""

from ..ensembles import Matrices
from ..problems import Errors, Problem
from .base import Encoding


def seen_inputs(problem: Problem, encoder: Encoding, inputs: Matrices) -> Matrices:
    """The inputs by which a model's answers are judged.

    Scores of reconstruction (inverse, eigenvectors, SVD) use the input as its tokens spell it,
    because that is the matrix that the model was asked about.
    """
    return encoder.decode(encoder.encode(inputs)).matrices if problem.reconstructs else inputs


def truth_errors(
    problem: Problem, encoder: Encoding, decoder: Encoding, inputs: Matrices, answers: Matrices
) -> Errors:
    """Errors of the true answers, written in the decoder's tokens and read back.

    A lucky rounding can beat this ceiling, so nothing may assert that a model's score is below it.
    """
    rounded = decoder.decode(decoder.encode(answers)).matrices
    return problem.errors(seen_inputs(problem, encoder, inputs), answers, rounded)
