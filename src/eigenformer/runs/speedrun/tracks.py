"""What is raced for: a problem, the matrices that are asked about, the accuracy to reach."""

from dataclasses import dataclass

from ...core import unknown
from ...ensembles import Ensemble, IidUniform


@dataclass(frozen=True, kw_only=True)
class Track:
    """One race. An answer is right if its relative L1 error is below the tolerance."""

    problem: str
    dims: str
    accuracy: float
    """The fraction of matrices to answer right."""
    tolerance: float = 0.05

    @property
    def name(self) -> str:
        return f"{self.problem}-{self.dims}"

    @property
    def ensemble(self) -> Ensemble:
        """Where the matrices come from: coefficients iid uniform on [-10, 10]."""
        return IidUniform(dims=self.dims, scale=10.0)

    def __str__(self) -> str:
        right, within = 100 * self.accuracy, 100 * self.tolerance
        return f"{self.name}: {right:g}% right within {within:g}%"


TRACKS = (
    Track(problem="eigenvalues", dims="5x5", accuracy=0.95),
    Track(problem="inverse", dims="5x5", accuracy=0.80),
    Track(problem="eigenvectors", dims="10x10", accuracy=0.95),
    Track(problem="add", dims="10x10", accuracy=0.99, tolerance=0.01),
)


def track_of(name: str) -> Track:
    """The track called so; an `InputError` with the list if there is none."""
    by_name = {track.name: track for track in TRACKS}
    if name not in by_name:
        raise unknown("track", name, by_name)
    return by_name[name]
