"""The catalogue's entries for Newton's iteration and its relatives."""

from functools import partial

import numpy as np

from .. import theory
from ..catalogue import Entry
from .newton import (
    conditioned,
    iterate,
    newton_inverse,
    newton_order,
    pseudo_inverse,
    transposed_start,
)

DIM, STEPS = 5, 12


def _pair(rng: np.random.Generator, batch: int) -> tuple[np.ndarray, ...]:
    return rng.standard_normal((batch, DIM, DIM)), rng.standard_normal((batch, DIM, DIM))


def _near(rng: np.random.Generator, batch: int) -> tuple[np.ndarray, ...]:
    a, noise = _pair(rng, batch)
    start = transposed_start(a)
    return a, start + 0.1 * np.linalg.norm(start, 2, axis=(1, 2))[:, None, None] * noise


def _symmetric_pair(rng: np.random.Generator, batch: int) -> tuple[np.ndarray, ...]:
    a, x = _pair(rng, batch)
    return a + a.swapaxes(1, 2), x


def _from_transpose(a: np.ndarray) -> np.ndarray:
    return iterate(a, transposed_start(a), STEPS)


_entry = partial(Entry, source="Giannou et al. 2024, Lemma 4.1 and section 4", heads=2)
_entry(
    name="newton-lemma",
    summary="one Newton step for the inverse, any A and X0: the network of Lemma 4.1",
    build=lambda: newton_inverse(DIM, 1),
    draw=_pair,
    reference=partial(iterate, steps=1),
    layers=2,
    width=4 * DIM,
    error=1.4e-14,
    theorem={"layers": "2", "heads": "2", "width": "4d"},
).register()
_entry(
    name="newton",
    summary=f"{STEPS} Newton steps for the inverse from A^T/||A||^2, A^T kept",
    build=lambda: newton_inverse(DIM, STEPS),
    draw=lambda rng, batch: (conditioned(rng, batch, (DIM, DIM)),),
    reference=_from_transpose,
    build_for=lambda a, *_: newton_inverse(a.shape[1], theory.steps_to_floor(a)),
    layers=STEPS + 1,
    width=4 * DIM,
    error=4e-16,
    relative=True,
    theorem={"layers": "2 a step (T + 1 with A^T kept)", "heads": "2", "width": "4d"},
).register()
_entry(
    name="newton-symmetric",
    summary="one Newton step for the inverse of a symmetric A, any X0",
    build=lambda: newton_inverse(DIM, 1, symmetric=True),
    draw=_symmetric_pair,
    reference=partial(iterate, steps=1),
    build_for=lambda a, *_: newton_inverse(a.shape[1], theory.steps_to_floor(a), symmetric=True),
    layers=1,
    width=3 * DIM,
    error=7.5e-16,
    relative=True,
    theorem={"layers": "1", "heads": "2", "width": "3d"},
).register()
_entry(
    name="pseudo-inverse",
    summary=f"pseudo-inverse of a 4x6 matrix, {STEPS} Newton steps",
    build=lambda: pseudo_inverse(4, 6, STEPS),
    draw=lambda rng, batch: (conditioned(rng, batch, (4, 6)),),
    reference=_from_transpose,
    build_for=lambda a, *_: pseudo_inverse(a.shape[1], a.shape[2], theory.steps_to_floor(a)),
    layers=STEPS + 1,
    width=4 + 3 * 6,
    error=4e-16,
    relative=True,
    theorem={"layers": "T + 1", "heads": "2"},
).register()


def _register_order(order: int, error: float) -> None:
    _entry(
        name=f"newton-order-{order}",
        summary=f"one step of the iteration of order {order} for the inverse",
        source="Li and Li 2010; Giannou et al. 2024, section 4",
        build=lambda: newton_order(DIM, order, 1),
        draw=_near,
        reference=partial(iterate, steps=1, order=order),
        build_for=lambda a, *_: newton_order(
            a.shape[1], order, theory.steps_to_floor(a, order=order)
        ),
        layers=order,
        width=4 * DIM,
        error=error,
        relative=True,
        theorem={"layers": "n - 1 a step (+ 1 for A^T)", "heads": "2", "width": "4d"},
    ).register()


for _order, _error in {2: 4.4e-16, 3: 5.2e-16, 4: 6.9e-16, 5: 1.6e-15}.items():
    _register_order(_order, _error)
