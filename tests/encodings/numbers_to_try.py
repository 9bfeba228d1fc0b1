"""Numbers that rounding may get wrong, and the encodings to try them on."""

import sys

import numpy as np
from hypothesis import strategies as st

from eigenformer import encodings

ALL = {
    "P10": encodings.get("P10"),
    "P10 with 15 digits": encodings.get("P10", precision=15),
    "P100": encodings.get("P100"),
    "P100 with 4 digits": encodings.get("P100", precision=4),
    "P1000": encodings.get("P1000"),
    "P10000": encodings.get("P10000"),
    "B199": encodings.get("B199"),
    "B1999": encodings.get("B1999"),
    "FP15": encodings.get("FP15"),
    "FP15 with 2 digits": encodings.get("FP15", precision=2),
    "FP15 with 4 digits": encodings.get("FP15", precision=4),
    "FP6": encodings.get("FP6"),
}


def powers(encoding: encodings.Encoding) -> tuple[int, int]:
    """The powers of ten of the leading digit that every number in range can have."""
    if isinstance(encoding, encodings.Floating):
        return encoding.lowest, encoding.highest + encoding.precision - 2
    return -100 + encoding.digits - 1, 100 + encoding.digits - 2


def in_range(encoding: encodings.Encoding) -> st.SearchStrategy[float]:
    """Zeros, powers of ten, ties, carries, their neighbours, and any other number in range."""
    low, high = powers(encoding)
    digits = encoding.digits
    power = st.integers(low, high)
    mantissa = st.integers(10 ** (digits - 1), 10**digits - 1)
    nines = "9" * digits
    magnitude = st.one_of(
        st.floats(float(f"1e{low}"), float(f"1e{high}")),
        st.builds(lambda m, e: float(f"{m!r}e{e}"), st.floats(1, 9.99), power),
        st.builds(lambda e: float(f"1e{e}"), power),
        st.builds(lambda m, e: float(f"{m}.5e{e - digits + 1}"), mantissa, power),
        st.builds(lambda e: float(f"{nines}.5e{e - digits + 1}"), st.integers(low, high - 1)),
        st.just(0.0),
        st.floats(0, float(f"1e{low}"))
        if isinstance(encoding, encodings.Floating)
        else st.nothing(),
    )
    neighbour = st.builds(
        lambda x, towards: float(np.nextafter(x, towards)) if x > 0 else x,
        magnitude,
        st.sampled_from([0.0, sys.float_info.max]),
    )
    near = st.one_of(magnitude, magnitude.flatmap(lambda x: neighbour if x else st.just(x)))
    if not isinstance(encoding, encodings.Floating):  # their smallest number has no neighbour below
        near = near.map(lambda x: x if x == 0 or x >= float(f"1e{low}") else float(f"1e{low}"))
    return st.builds(lambda x, s: s * x, near, st.sampled_from([1.0, -1.0]))
