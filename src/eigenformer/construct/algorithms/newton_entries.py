"""The catalogue's entries for Newton's iteration and its relatives."""

from collections.abc import Callable

import numpy as np

from .. import theory
from ..catalogue import CATALOGUE, Construction
from .newton import (
    conditioned,
    iterate,
    newton_inverse,
    newton_order,
    pseudo_inverse,
    transposed_start,
)

SOURCE = "Giannou et al. 2024, Lemma 4.1 and section 4"
LI = "Li and Li 2010; Giannou et al. 2024, section 4"


def _register() -> None:
    dim, steps = 5, 12

    def pair(rng: np.random.Generator, batch: int) -> tuple[np.ndarray, ...]:
        return rng.standard_normal((batch, dim, dim)), rng.standard_normal((batch, dim, dim))

    def near(rng: np.random.Generator, batch: int) -> tuple[np.ndarray, ...]:
        a, noise = pair(rng, batch)
        start = transposed_start(a)
        return a, start + 0.1 * np.linalg.norm(start, 2, axis=(1, 2))[:, None, None] * noise

    def symmetric_pair(rng: np.random.Generator, batch: int) -> tuple[np.ndarray, ...]:
        a, x = pair(rng, batch)
        return a + a.swapaxes(1, 2), x

    def start(a: np.ndarray, steps: int) -> np.ndarray:
        return iterate(a, transposed_start(a), steps)

    entries = {
        "newton-lemma": Construction(
            summary="one Newton step for the inverse, any A and X0: the network of Lemma 4.1",
            source=SOURCE,
            build=lambda: newton_inverse(dim, 1),
            draw=pair,
            reference=lambda a, x: iterate(a, x, 1),
            layers=2,
            heads=2,
            width=4 * dim,
            error=1.4e-14,
            theorem={"layers": "2", "heads": "2", "width": "4d"},
        ),
        "newton": Construction(
            summary=f"{steps} Newton steps for the inverse from A^T/||A||^2, A^T kept",
            source=SOURCE,
            build=lambda: newton_inverse(dim, steps),
            draw=lambda rng, batch: (conditioned(rng, batch, (dim, dim)),),
            reference=lambda a: start(a, steps),
            build_for=lambda a, *_: newton_inverse(a.shape[1], theory.steps_to_floor(a)),
            layers=steps + 1,
            heads=2,
            width=4 * dim,
            error=4e-16,
            relative=True,
            theorem={"layers": "2 a step (T + 1 with A^T kept)", "heads": "2", "width": "4d"},
        ),
        "newton-symmetric": Construction(
            summary="one Newton step for the inverse of a symmetric A, any X0",
            source=SOURCE,
            build=lambda: newton_inverse(dim, 1, symmetric=True),
            draw=symmetric_pair,
            reference=lambda a, x: iterate(a, x, 1),
            build_for=lambda a, *_: newton_inverse(
                a.shape[1], theory.steps_to_floor(a), symmetric=True
            ),
            layers=1,
            heads=2,
            width=3 * dim,
            error=7.5e-16,
            relative=True,
            theorem={"layers": "1", "heads": "2", "width": "3d"},
        ),
        "pseudo-inverse": Construction(
            summary=f"pseudo-inverse of a 4x6 matrix, {steps} Newton steps",
            source=SOURCE,
            build=lambda: pseudo_inverse(4, 6, steps),
            draw=lambda rng, batch: (conditioned(rng, batch, (4, 6)),),
            reference=lambda a: start(a, steps),
            build_for=lambda a, *_: pseudo_inverse(
                a.shape[1], a.shape[2], theory.steps_to_floor(a)
            ),
            layers=steps + 1,
            heads=2,
            width=4 + 3 * 6,
            error=4e-16,
            relative=True,
            theorem={"layers": "T + 1", "heads": "2"},
        ),
    }
    errors = {2: 4.4e-16, 3: 5.2e-16, 4: 6.9e-16, 5: 1.6e-15}
    for order, error in errors.items():
        entries[f"newton-order-{order}"] = _order_entry(dim, order, error, near)
    for name, entry in entries.items():
        CATALOGUE.register(name, lambda entry=entry: entry)


def _order_entry(
    dim: int,
    order: int,
    error: float,
    draw: Callable[[np.random.Generator, int], tuple[np.ndarray, ...]],
) -> Construction:
    return Construction(
        summary=f"one step of the iteration of order {order} for the inverse",
        source=LI,
        build=lambda: newton_order(dim, order, 1),
        draw=draw,
        reference=lambda a, x: iterate(a, x, 1, order),
        build_for=lambda a, *_: newton_order(
            a.shape[1], order, theory.steps_to_floor(a, order=order)
        ),
        layers=order,
        heads=2,
        width=4 * dim,
        error=error,
        relative=True,
        theorem={"layers": "n - 1 a step (+ 1 for A^T)", "heads": "2", "width": "4d"},
    )


_register()
