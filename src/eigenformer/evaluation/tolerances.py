"""How close an answer has to be."""

TOLERANCES = (0.05, 0.02, 0.01, 0.005)
"""The paper's tolerances: relative errors of 5, 2, 1 and 0.5%."""
