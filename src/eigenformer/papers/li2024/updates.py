"""Rank of what training adds to the weights, and pruning by the length of neurons.

Only the paper's abstract and summaries could be read (derivations.md, section 9), so the settings
of both scales are this module's own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from ...incontext import (
    Evaluation,
    InContextFolder,
    OneLayer,
    OneLayerModel,
    Optimizer,
    Patterns,
    RunConfig,
    Sequences,
)
from ...incontext.measures import pruned, update_spectrum
from ...runs import Experiment, Scale
from ..findings import Finding, Findings, Line, Number, Panel
from ..judging import answer, finding
from ..seeds import line, number, panel
from ..sides import mean
from ..study import Analysis

MATRICES = {"w_q": "W_Q", "w_k": "W_K", "w_v": "W_V"}
FRACTIONS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
RANK = 2
"""Patterns that count, which is the rank that the paper proves, nearly."""
TEST_SEQUENCES = 4000
# What decides: the drop after the second singular value, and losses of accuracy.
LOW_RANK, NOT_LOW_RANK = 0.1, 0.5
FREE, HURTS = 0.01, 0.10


@dataclass(frozen=True, kw_only=True)
class TrainedLayer:
    """What is measured of a run."""

    spectra: dict[str, tuple[float, ...]]
    """Of each matrix's update, as fractions of the largest value."""
    smallest: tuple[float, ...]
    """Accuracy at `FRACTIONS`, the shortest neurons pruned first."""
    largest: tuple[float, ...]
    relevant: float
    """Share of the squared norm of W_V's update that acts on the two patterns that count."""
    before: tuple[float, ...]
    """Lengths of neurons, ascending, before training."""
    after: tuple[float, ...]

    @property
    def drop(self) -> float:
        """The largest over matrices of sigma_3 / sigma_2."""
        return max(values[RANK] / values[RANK - 1] for values in self.spectra.values())


def _runs(scale: Scale) -> Sequence[Experiment]:
    laptop = scale == "laptop"
    task = (
        Patterns(dim=20, patterns=10, length=20, relevant=8, confusing=4)
        if laptop
        else Patterns(dim=100, patterns=50, length=100, relevant=30, confusing=20)
    )
    steps = 200 if laptop else 2000
    return [
        Experiment(
            name=f"seed-{seed}",
            config=RunConfig(
                task=task,
                model=OneLayer(hidden=100 if laptop else 1000, init_std=0.05),
                optimizer=Optimizer(kind="sgd", rate=2.0, momentum=0.0),
                steps=steps,
                batch=64,
                seed=seed,
                evaluation=Evaluation(every=steps // 4, size=1000),
                snapshots=(0, steps),
            ),
        )
        for seed in range(3 if laptop else 5)
    ]


def analyse(scale: Scale, folders: Mapping[str, InContextFolder]) -> Findings:
    trained = [_measured(folder) for folder in folders.values()]
    return Findings(
        panels=_panels(trained),
        numbers=_numbers(trained),
        verdicts={"N14": verdict(trained)},
    )


def _measured(folder: InContextFolder) -> TrainedLayer:
    config = folder.config()
    before, after = (OneLayerModel.of(folder.model(step)) for step in (0, config.steps))
    task = config.task
    assert isinstance(task, Patterns)
    test = task.draw(config.seed, 0, TEST_SEQUENCES, purpose="pruning")
    spectra = {}
    for name in MATRICES:
        values = update_spectrum(getattr(before, name), getattr(after, name))
        spectra[name] = tuple((values / values[0]).tolist())
    update = after.w_v - before.w_v
    counts = task.basis(config.seed)[:RANK]
    return TrainedLayer(
        spectra=spectra,
        smallest=_accuracies(after, test, largest=False),
        largest=_accuracies(after, test, largest=True),
        relevant=float((update @ counts.T).square().sum() / update.square().sum()),
        before=_lengths(before),
        after=_lengths(after),
    )


def _lengths(model: OneLayerModel) -> tuple[float, ...]:
    return tuple(model.w_o.norm(dim=1).sort().values.tolist())


def _accuracies(model: OneLayerModel, test: Sequences, *, largest: bool) -> tuple[float, ...]:
    found = []
    with torch.no_grad():
        for fraction in FRACTIONS:
            votes = pruned(model, fraction, largest=largest)(test)
            # No neurons, no vote: half of a tie is right.
            right = (votes * test.target > 0).double() + 0.5 * (votes == 0).double()
            found.append(float(right.mean()))
    return tuple(found)


def verdict(trained: Sequence[TrainedLayer]) -> Finding:
    """Holds if updates are of low rank, and some fraction of neurons is free to prune.

    Low rank: sigma_3 / sigma_2 is at most 0.1 for W_Q, W_K and W_V in every run. Free: in every run
    accuracy falls by at most a point without the shortest neurons, and by ten points or more
    without as many of the longest. It fails if in every run sigma_3 / sigma_2 is above 0.5 for one
    of them, or if pruning the shortest tenth costs ten points; undecided otherwise.
    """
    drops = [run.drop for run in trained]
    free = [
        i
        for i in range(len(FRACTIONS))
        if all(
            run.smallest[0] - run.smallest[i] <= FREE and run.largest[0] - run.largest[i] >= HURTS
            for run in trained
        )
    ]
    sentence = (
        f"sigma_3 / sigma_2 of the updates of W_Q, W_K and W_V is at most {max(drops):.3f} in "
        f"{len(trained)} runs; accuracy is {100 * mean([r.smallest[0] for r in trained]):.1f}%"
    )
    if free:
        i = free[-1]
        sentence += (
            f", {100 * mean([r.smallest[i] for r in trained]):.1f}% without the shortest "
            f"{100 * FRACTIONS[i]:.0f}% of neurons and "
            f"{100 * mean([r.largest[i] for r in trained]):.1f}% without as many of the longest."
        )
    else:
        sentence += ", and no fraction of neurons is free if short and missed if long."
    tenth = FRACTIONS.index(0.1)
    hurt = all(run.smallest[0] - run.smallest[tenth] >= HURTS for run in trained)
    return finding(
        answer(max(drops) <= LOW_RANK and bool(free), min(drops) > NOT_LOW_RANK or hurt),
        sentence,
        "ten times as many neurons and steps: 128,000 sequences a seed, some minutes",
    )


def _panels(trained: Sequence[TrainedLayer]) -> tuple[Panel, ...]:
    count = min(8, *(len(values) for run in trained for values in run.spectra.values()))
    numbers, places = range(1, count + 1), range(1, len(trained[0].after) + 1)
    note = f"Means and ranges over {len(trained)} seeds."
    return (
        panel(
            "Singular values of what training added",
            "number",
            "relative to the largest",
            [
                _line(label, [run.spectra[name][:count] for run in trained], numbers)
                for name, label in MATRICES.items()
            ],
            log="y",
            note=note,
        ),
        panel(
            "Accuracy without some of the neurons",
            "fraction pruned",
            "accuracy",
            [
                _line("shortest first", [run.smallest for run in trained], FRACTIONS),
                _line("longest first", [run.largest for run in trained], FRACTIONS),
            ],
            note=note,
        ),
        panel(
            "Lengths of neurons (rows of W_O), sorted",
            "neuron",
            "length",
            [
                _line("before training", [run.before for run in trained], places),
                _line("after training", [run.after for run in trained], places),
            ],
            note=note,
        ),
    )


def _numbers(trained: Sequence[TrainedLayer]) -> tuple[Number, ...]:
    dim = len(trained[0].spectra["w_v"])
    return (
        number(
            "sigma_3 / sigma_2 of the updates, the largest of W_Q, W_K, W_V",
            [run.drop for run in trained],
            reference=0.0,
            source="rank 2, as the patterns that count",
        ),
        number(
            "share of W_V's update that acts on the patterns that count",
            [run.relevant for run in trained],
            reference=RANK / dim,
            source="an update without preferred directions",
        ),
    )


def _line(label: str, values: Sequence[Sequence[float]], x: Sequence[float]) -> Line:
    return line(label, dict(zip(x, zip(*values, strict=True), strict=True)))


UPDATES = Analysis(
    name="li2024-updates",
    title="Rank of updates and sparsity of neurons in a one-layer transformer",
    section="synthetic experiments",
    runs=_runs,
    analyse=analyse,
    note=(
        "The paper's own settings could not be read, so those of both scales are ours: 10 patterns "
        "in 20 dimensions, 100 neurons, SGD (laptop); 50 in 100, 1000 neurons (paper). Neurons "
        "start short (standard deviation 0.05 an entry): with 0.1, those that do not learn are as "
        "long as those that do."
    ),
)
