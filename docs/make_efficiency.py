"""Fills in the tables of docs/efficiency.md and draws its figures, from the kept results.

    python docs/make_efficiency.py

Nothing is trained: `eigenformer paper run efficiency` does that. The page's ```console blocks
are run as page.py says, the indented commands that train are not. Needs matplotlib.
"""

from pathlib import Path

from page import fill

from eigenformer.papers.efficiency import PAPER, ablation_of, compare
from eigenformer.papers.efficiency.plots import plot_ablations, plot_efficiency
from eigenformer.runs import Records

HERE = Path(__file__).parent
PAGE = HERE / "efficiency.md"
IMAGES = HERE / "images"


def main() -> None:
    records = Records(PAPER.records)
    found = compare(records, "held-out") + compare(records, "tuned")
    plot_efficiency(found, IMAGES / "efficiency.png")
    plot_ablations(ablation_of(records), IMAGES / "efficiency-ablations.png")
    fill(PAGE, indented=False)


if __name__ == "__main__":
    main()
