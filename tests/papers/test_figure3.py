"""Figure 3: eigenvalues of Wigner matrices against independent references and theory."""

import math
from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from eigenformer import ensembles
from eigenformer.core import InputError, rng
from eigenformer.papers.charton2022 import figure3, wigner
from eigenformer.papers.charton2022.wigner import LAWS, Spectrum, semicircle, spectrum
from eigenformer.papers.charton2022.wigner_plot import plot_spectra
from eigenformer.runs import Records

KURTOSIS = {"uniform": 9 / 5, "gaussian": 3.0, "laplace": 6.0}


def drawn(law: str, dim: int, sizes: list[int], seed: int) -> np.ndarray:
    """The matrices that `spectrum` draws, as one array, from blocks of these sizes."""
    ensemble = ensembles.get(f"iid-{law}", dims=(dim, dim))
    purpose = f"wigner:iid-{law}:{dim}x{dim}"
    parts = [
        ensemble.draw(rng(seed, purpose, i), size, symmetric=True).values
        for i, size in enumerate(sizes)
    ]
    return np.concatenate(parts)


def few(matrices: int) -> tuple[Spectrum, ...]:
    return figure3.spectra(matrices)


@pytest.mark.parametrize("law", LAWS)
def test_block_by_block_is_what_all_matrices_at_once_give(
    law: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wigner, "_BLOCK", 40 * 16)
    found = spectrum(law, 4, 100, seed=3, bins=7)
    # The square of a symmetric matrix has the eigenvalues' squares on its trace.
    matrices = drawn(law, 4, [40, 40, 20], seed=3)
    squares = np.einsum("bij,bji->b", matrices, matrices) / 4
    mean = np.einsum("bii->b", matrices).mean() / 4
    assert found.std == pytest.approx(math.sqrt(squares.mean() - mean**2), rel=1e-12)
    eigenvalues = np.concatenate([np.linalg.eigvals(m).real for m in matrices])
    assert found.std == pytest.approx(eigenvalues.std(), rel=1e-9)
    counts, edges = np.histogram(eigenvalues, 7, (-3 * found.theory, 3 * found.theory))
    assert found.edges == pytest.approx(edges)
    assert found.density == pytest.approx(counts / np.diff(edges) / eigenvalues.size)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("dim", [1, 5, 20])
def test_standard_errors_are_those_that_the_fourth_moment_gives(law: str, dim: int) -> None:
    found = spectrum(law, dim, 20_000)
    # trace M^2 = sum of n squared diagonal entries and twice n (n - 1) / 2 others, independent.
    sigma = 10 / math.sqrt(3)
    variance = (KURTOSIS[law] - 1) * sigma**4 * (2 * dim - 1) / dim
    expected = math.sqrt(variance / 20_000) / (2 * sigma * math.sqrt(dim))
    assert found.std_error == pytest.approx(expected, rel=0.1)


def test_standard_errors_are_how_far_repetitions_differ() -> None:
    found = [spectrum("uniform", 6, 300, seed) for seed in range(100)]
    spread = np.std([one.std for one in found], ddof=1)
    # The standard deviation of 100 values is known to 7%: three times that.
    assert spread == pytest.approx(np.mean([one.std_error for one in found]), rel=0.21)


def test_every_panel_has_the_deviation_of_theory() -> None:
    panels = few(4000)
    assert len({(one.law, one.dim) for one in panels}) == 12
    for one in panels:
        assert one.theory == pytest.approx(10 * math.sqrt(one.dim / 3))
        assert abs(one.deviation) < 4
    # All eigenvalues are in the histogram, but for the few beyond three standard deviations.
    masses = [float(np.dot(one.density, np.diff(one.edges))) for one in panels]
    assert all(0.98 < mass <= 1 + 1e-9 for mass in masses)


def test_the_shape_nears_the_semicircle_as_matrices_grow() -> None:
    def distance(one: Spectrum) -> float:
        centres = np.convolve(one.edges, [0.5, 0.5], "valid")
        gap = np.abs(np.array(one.density) - semicircle(centres, one.theory))
        return float(np.dot(gap, np.diff(one.edges)))

    for law in LAWS:
        small, large = (spectrum(law, dim, 4000, bins=40) for dim in (3, 20))
        assert distance(large) < distance(small) / 2


@pytest.mark.slow
def test_panels_of_100_000_matrices_are_within_four_standard_errors() -> None:
    for one in few(100_000):
        assert abs(one.deviation) < 4
        assert 0.002 < one.std_error < 0.0125


@pytest.mark.slow
@pytest.mark.parametrize("law", LAWS)
def test_two_million_matrices_are_within_a_hundredth(law: str) -> None:
    found = spectrum(law, 5, 2_000_000)
    assert abs(found.std - found.theory) < 0.01


def test_semicircle_against_scipy() -> None:
    x = np.linspace(-9, 9, 37)
    reference = scipy.stats.semicircular(scale=2 * 3.7)
    assert semicircle(x, 3.7) == pytest.approx(reference.pdf(x))


def test_the_table_holds_what_was_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    panels = few(500)
    monkeypatch.setattr(figure3, "spectra", lambda: panels)
    values = figure3.TABLE.values("laptop", Records(tmp_path))
    assert len(values) == 12 * 4
    found = {(v.labels["law"], v.labels["dims"], v.labels["quantity"]): v.measured for v in values}
    for one in panels:
        dims = f"{one.dim}x{one.dim}"
        measured, theory = (found[one.law, dims, name] for name in ("measured", "theory"))
        assert measured is not None and theory is not None
        assert measured.low is not None and measured.high is not None
        assert (measured.value, theory.value, measured.n) == (one.std, one.theory, 500)
        assert measured.high - measured.low == pytest.approx(2 * 1.96 * one.std_error, rel=1e-4)
        error = found[one.law, dims, "standard error"]
        away = found[one.law, dims, "standard errors from theory"]
        assert error is not None and away is not None
        assert theory.value + away.value * error.value == pytest.approx(one.std)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("cauchy", 5, 100), "cauchy"),
        (("uniform", 0, 100), "dim is 0"),
        (("uniform", 5, 1), "matrices 1"),
    ],
)
def test_bad_input_is_named(arguments: tuple[str, int, int], says: str) -> None:
    with pytest.raises(InputError, match=says):
        spectrum(*arguments)


def test_the_figure_shows_every_panel_with_its_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from matplotlib import pyplot

    panels = [spectrum(law, dim, 200, bins=10) for law in ("uniform", "laplace") for dim in (2, 3)]
    monkeypatch.setattr(pyplot, "close", lambda figure: None)
    plot_spectra(panels, tmp_path / "figure3.png")
    assert (tmp_path / "figure3.png").read_bytes().startswith(b"\x89PNG")
    monkeypatch.undo()
    figure = pyplot.gcf()
    assert len(figure.axes) == 4
    for axes, one in zip(figure.axes, panels, strict=True):
        assert [text.get_text() for text in axes.texts] == [f"{one.std:.3f}\n± {one.std_error:.3f}"]
    pyplot.close(figure)
