"""Durations in words."""


def duration(seconds: float) -> str:
    """Such as 40 s, 12 min, 3.5 h, 2 days, 14 years."""
    for unit, length, most in (
        ("s", 1, 90),
        ("min", 60, 90),
        ("h", 3600, 48),
        ("days", 86400, 700),
    ):
        if seconds < most * length:
            value = seconds / length
            return f"{value:.1f} h" if unit == "h" and value < 10 else f"{value:.0f} {unit}"
    return f"{seconds / (365 * 86400):,.0f} years"
