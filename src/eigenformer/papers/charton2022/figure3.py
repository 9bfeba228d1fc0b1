"""Figure 3: eigenvalues of Wigner matrices, whatever law their coefficients have."""

from collections.abc import Iterator
from functools import cache

from ...runs import Label, Measured, Scale
from ..study import Figure, Table, Value
from .wigner import LAWS, Spectrum, spectrum
from .wigner_plot import plot_spectra

DIMS = (5, 10, 15, 20)
MATRICES = 100_000


@cache
def spectra(matrices: int = MATRICES, seed: int = 0) -> tuple[Spectrum, ...]:
    """The 12 panels, law by law, each of as many matrices; computed once a process."""
    return tuple(spectrum(law, dim, matrices, seed) for law in LAWS for dim in DIMS)


def _values(panels: tuple[Spectrum, ...]) -> Iterator[Value]:
    for panel in panels:
        margin = 1.959964 * panel.std_error
        for quantity, measured in {
            "theory": Measured(value=panel.theory, unit="count"),
            "measured": Measured(
                value=panel.std,
                unit="count",
                low=panel.std - margin,
                high=panel.std + margin,
                n=panel.matrices,
            ),
            "standard error": Measured(value=panel.std_error, unit="count"),
            "standard errors from theory": Measured(value=panel.deviation, unit="count"),
        }.items():
            labels: dict[str, Label] = {
                "law": panel.law,
                "quantity": quantity,
                "dims": f"{panel.dim}x{panel.dim}",
            }
            yield Value(labels=labels, measured=measured, paper=None)


def _computed(scale: Scale) -> list[Value]:
    """The same at every scale: nothing is trained, and 100,000 matrices are what the paper drew."""
    return list(_values(spectra()))


def _figures(scale: Scale) -> list[Figure]:
    figure = Figure(
        name="figure3",
        alt="Histograms of the eigenvalues of symmetric random matrices, one panel for each law of "
        "the coefficients and each size, beside Wigner's semicircle.",
        caption="Eigenvalues of symmetric matrices with independent coefficients of standard "
        "deviation 10/√3; rows: the law of the coefficients, columns: the size. Each panel gives "
        "the standard deviation with its standard error.",
        draw=lambda path: plot_spectra(spectra(), path),
    )
    return [figure]


TABLE = Table(
    name="figure3",
    title="Standard deviation of the eigenvalues of symmetric matrices with independent "
    "coefficients of standard deviation 10/sqrt(3)",
    section="H",
    rows=("law", "quantity"),
    columns=("dims",),
    computed=_computed,
    figures=_figures,
    note="As in the paper at every scale: 100,000 matrices a panel. The paper finds all standard "
    "deviations within 0.01 of theory; the standard errors say how far chance alone takes them.",
)
