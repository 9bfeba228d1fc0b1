"""Fills in the tables of docs/efficiency.md and draws its figures, from the kept results.

    python docs/make_efficiency.py

Nothing is trained: `eigenformer bench efficiency --rerun` does that. The page's ```console blocks
are run as in make_constructions.py. Needs matplotlib.
"""

from pathlib import Path

from make_constructions import filled

from eigenformer.experiments.efficiency import ablation_of, compare, load_records
from eigenformer.reports.efficiency import plot_ablations, plot_efficiency

HERE = Path(__file__).parent
PAGE = HERE / "efficiency.md"
IMAGES = HERE / "images"


def main() -> None:
    records = load_records()
    plot_efficiency(compare(records, "laptop"), IMAGES / "efficiency.png")
    plot_ablations(ablation_of(records), IMAGES / "efficiency-ablations.png")
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
