"""Which papers come along, and where others are found."""

GROUP = "eigenformer.papers"
"""Entry points `NAME = "module:PAPER"` for papers from outside; NAME is the paper's."""
IN_CONTEXT = (
    "giannou2024",
    "fu2024",
    "vonoswald2023",
    "ahn2023",
    "ahn2024",
    "vladymyrov2024",
    "gatmiry2024",
    "cheng2025",
    "li2024",
    "lutz2025",
    "zhang2025",
    "wu2026",
)
"""Those whose models are trained on prompts."""
BUILT_IN = ("charton2022", *IN_CONTEXT, "efficiency", "matrices")
"""Packages beside this module, each with its PAPER."""
