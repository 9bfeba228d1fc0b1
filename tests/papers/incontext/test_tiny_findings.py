"""Every study on prompts, with few steps, seeds and samples: its findings can be kept."""

from dataclasses import replace
from pathlib import Path

import pytest
from tiny_studies import shrunk, there_and_back

from eigenformer.papers import Analysis, scalars
from eigenformer.papers.ahn2023 import depth, minimiser, preconditioner
from eigenformer.papers.ahn2023 import interventions as ahn2023_interventions
from eigenformer.papers.ahn2024 import optimisation
from eigenformer.papers.ahn2024 import settings as ahn2024
from eigenformer.papers.cheng2025 import interventions as cheng2025_interventions
from eigenformer.papers.cheng2025 import settings as cheng2025
from eigenformer.papers.cheng2025 import study as cheng2025_study
from eigenformer.papers.fu2024 import settings as fu2024
from eigenformer.papers.gatmiry2024 import interventions as gatmiry2024_interventions
from eigenformer.papers.gatmiry2024 import loops, optimum
from eigenformer.papers.giannou2024 import layer_norm, logistic, regression
from eigenformer.papers.giannou2024 import settings as giannou2024
from eigenformer.papers.lutz2025 import interventions as lutz2025_interventions
from eigenformer.papers.lutz2025 import settings as lutz2025
from eigenformer.papers.lutz2025 import study as lutz2025_study
from eigenformer.papers.names import IN_CONTEXT
from eigenformer.papers.paper import papers
from eigenformer.papers.vladymyrov2024 import mixed_noise
from eigenformer.papers.vladymyrov2024 import settings as vladymyrov2024
from eigenformer.papers.vonoswald2023 import deeper, one_layer
from eigenformer.papers.wu2026 import settings as wu2026
from eigenformer.papers.wu2026 import study as wu2026_study
from eigenformer.papers.zhang2025 import settings as zhang2025

PAPERS = papers(IN_CONTEXT)
OWN_TEST = ("giannou2024-constructions", "li2024-updates")
STUDIES = [
    study
    for name in IN_CONTEXT
    for study in PAPERS[name].studies.values()
    if study.name not in OWN_TEST
]
every_eigenvalue = scalars.eigenvalues


def few_eigenvalues(task):
    return every_eigenvalue(task, size=200)


SMALL = [
    (giannou2024.SEEDS, "laptop", (0, 1)),
    (regression, "CONDITIONS", (5.0, 10.0)),
    (regression.LAYERS, "laptop", (1, 4)),
    (
        layer_norm.SIZES,
        "laptop",
        layer_norm.NormSize(
            conditions=(5.0,), depths={layer_norm.PLAIN: (1,), layer_norm.NORM: (1, 2)}
        ),
    ),
    (logistic.LAYERS, "laptop", (1, 2)),
    (logistic, "SIZE", 100),
    (fu2024.SEEDS, "laptop", (0,)),
    (fu2024, "SEQUENCES", 16),
    (fu2024, "DESCENT_STEPS", 16),
    (fu2024, "NEWTON_STEPS", 6),
    (one_layer, "PROMPTS", 200),
    *((module, "PROMPTS", 200) for module in (minimiser, preconditioner, depth)),
    *((module, "eigenvalues", few_eigenvalues) for module in (deeper, preconditioner, depth)),
    (minimiser, "DIRECTIONS", 3),
    (
        ahn2024.SIZES,
        "laptop",
        replace(
            ahn2024.SIZES["laptop"],
            seeds=1,
            rates={name: dict.fromkeys(ahn2024.KINDS, (0.005,)) for name in ahn2024.SETTINGS},
        ),
    ),
    (optimisation, "NOISE_SAMPLES", 10),
    (optimisation, "HESSIAN_PROMPTS", 8),
    (
        vladymyrov2024.SIZES,
        "laptop",
        replace(vladymyrov2024.SIZES["laptop"], tops=(2.0, 5.0), test_prompts=200),
    ),
    (mixed_noise, "TUNING_PROMPTS", 100),
    (ahn2023_interventions, "PROMPTS", 200),
    (gatmiry2024_interventions, "PROMPTS", 50),
    (cheng2025_interventions, "TEST_GRAPHS", 20),
    (lutz2025_interventions, "TEST_MATRICES", 20),
    (loops, "PROMPTS", 50),
    (optimum, "GRADIENT_PROMPTS", 50),
    (optimum, "DRAWS", 100),
    (cheng2025_study, "TEST_GRAPHS", 20),
    (cheng2025_study, "TUNING_GRAPHS", 20),
    (cheng2025.SIZES, "laptop", replace(cheng2025.SIZES["laptop"], seeds=1)),
    (lutz2025_study, "TEST_MATRICES", 20),
    (lutz2025.SIZES, "laptop", replace(lutz2025.SIZES["laptop"], seeds=1)),
    (zhang2025.SIZES, "laptop", replace(zhang2025.SIZES["laptop"], seeds=1, looks=12)),
    (wu2026_study, "TEST_MATRICES", 20),
    (wu2026.SIZES, "laptop", replace(wu2026.SIZES["laptop"], seeds=1)),
]
ONE_SEED = ("vonoswald2023", "ahn2023", "gatmiry2024")
"""Papers of whose runs those of the first seed are enough."""
LABELS = {
    "ahn2024-optimisation": (2, set(ahn2024.NAMES.values())),
    "vladymyrov2024-mixed-noise": (0, {"FULL", "DIAG", "GD++", "ConstRR", "AdaRR", "TunedRR"}),
    "cheng2025-potentials": (0, {"trained, scalar", "trained from the construction"}),
    "cheng2025-heat": (0, {"trained, scalar", "construction"}),
}
"""Lines of a panel."""


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_findings_of_tiny_runs_can_be_kept(
    study: Analysis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for where, name, value in SMALL:
        (monkeypatch.setitem if isinstance(where, dict) else monkeypatch.setattr)(
            where, name, value
        )
    paper = study.name.split("-")[0]
    runs = study.planned("laptop")
    if paper in ONE_SEED:
        runs = [run for run in runs if run.name.endswith("seed-0")]
    findings = study.analyse("laptop", shrunk(runs, tmp_path))
    assert there_and_back(findings) == findings
    assert findings.panels and findings.numbers
    assert set(findings.verdicts) == {claim.id for claim in PAPERS[paper].claims_on(study.name)}
    place, labels = LABELS.get(study.name, (0, set()))
    assert labels <= {line.label for line in findings.panels[place].lines}
    if paper in ("vonoswald2023", "ahn2023") and runs:
        # Two steps of training teach nothing, and that must be seen.
        assert all(verdict.state != "holds" for verdict in findings.verdicts.values())
