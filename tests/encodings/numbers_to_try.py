"""Numbers that rounding may get wrong, and the encodings to try them on."""

import math

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
    smallest = float(f"1e{low}")
    power = st.integers(low, high - 1)
    mantissa = st.one_of(st.integers(10 ** (digits - 1), 10**digits - 1), st.just(10**digits - 1))
    subnormal = isinstance(encoding, encodings.Floating)
    magnitude = st.one_of(
        st.floats(smallest, float(f"1e{high}")),
        st.builds(lambda m, e: float(f"{m!r}e{e}"), st.floats(1, 9.99), power),
        st.builds(lambda e: float(f"1e{e}"), power),
        st.builds(lambda m, e: float(f"{m}.5e{e - digits + 1}"), mantissa, power),
        st.just(0.0),
        st.floats(0, smallest) if subnormal else st.nothing(),
    )

    def shifted(x: float, towards: float | None, sign: float) -> float:
        if x > 0 and towards is not None:
            x = math.nextafter(x, towards)
            x = x if subnormal else max(x, smallest)
        return sign * x

    return st.builds(
        shifted,
        magnitude,
        st.sampled_from([None, 0.0, math.inf]),
        st.sampled_from([1.0, -1.0]),
    )
