"""Fills in the tables of docs/efficiency.md and draws its figures, from the kept results.

    python docs/make_efficiency.py

Nothing is trained: `eigenformer bench efficiency --rerun` does that. The page's ```console blocks
are run as page.py says, the indented commands that train are not. Needs matplotlib.
"""

from pathlib import Path

from page import fill

from eigenformer.papers.efficiency import ablation_of, compare, load_records
from eigenformer.papers.efficiency.plots import plot_ablations, plot_efficiency

HERE = Path(__file__).parent
PAGE = HERE / "efficiency.md"
IMAGES = HERE / "images"


def main() -> None:
    records = load_records()
    plot_efficiency(compare(records, "laptop"), IMAGES / "efficiency.png")
    plot_ablations(ablation_of(records), IMAGES / "efficiency-ablations.png")
    fill(PAGE, indented=False)


if __name__ == "__main__":
    main()
