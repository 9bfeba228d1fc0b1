"""Questions to begin with at which a model fails, and why."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A matrix, who is asked about it, and why the answer is wrong or not to be trusted."""

    problem: str
    model: str
    matrix: str
    why: str


PRESETS = {
    "Two rows that are nearly parallel": Preset(
        problem="inverse",
        model="inverse-2x2",
        matrix="7 7.01\n7 7",
        why="The inverse is 2,800 times as sensitive as the matrix is exact, and this model reads "
        "three digits of each coefficient.",
    ),
    "Rows parallel to seven digits": Preset(
        problem="inverse",
        model="inverse-any",
        matrix="1 1\n1 1.0000001",
        why="The model repeats its layers until the residual is small or its passes are used up, "
        "and a condition number of 40 million takes more of them.",
    ),
    "Two eigenvalues that are nearly equal": Preset(
        problem="eigenvectors",
        model="eigenvectors-2x2",
        matrix="5 0.001\n0.001 5",
        why="The eigenvectors are (1, 1) and (1, -1), but matrices so near to a multiple of the "
        "identity hardly occurred in training.",
    ),
    "Zeros, which training never drew": Preset(
        problem="svd",
        model="svd-2x2",
        matrix="3 0\n0 3",
        why="Any orthonormal basis would do here; the model was trained on random coefficients, "
        "of which none is zero, and on singular values that differ.",
    ),
    "A matrix of another size": Preset(
        problem="matmul",
        model="matmul-5x5",
        matrix="1 2 1 0\n3 4 0 1",
        why="The model was trained on 5x5 matrices alone, and nothing that it learned says what a "
        "product of another size is.",
    ),
}
"""By name."""
