"""`ef.explain(model)`: what a size-free network learned."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch

from ..core import InputError
from ..evaluation import TrainedSolver
from ..models import Model
from ..models.bilinear import BilinearModel
from ..models.blocks import BlockModel
from ..models.frames import FrameModel
from ..models.polar_frames import PolarFrameModel
from .block_findings import block_findings
from .frame_findings import frame_findings
from .parts import Explanation, Insight
from .transfer import transfer
from .written_findings import program_of_blocks, terms

Findings = tuple[Insight, ...]


@torch.no_grad()
def explain(solver: TrainedSolver) -> Explanation:
    """What the network of a solver computes, measured: tables, sentences and drawings.

    Takes about a minute on one core. `ef.explain(ef.load(name))`; the command is `eigenformer
    explain`. An `InputError` for a family whose weights depend on the matrices' size.
    """
    model = solver.model
    find = _FAMILIES.get(type(model))
    if find is None:
        raise InputError(
            f"{solver.name} is a {model.config.describe()}; explained are models of any size: "
            "blocks, frames, polar-frames, bilinear (`eigenformer train sizefree`)"
        )
    return Explanation(
        model=solver.name,
        family=model.config.registry.name_of(model.config),
        weights=sum(weight.numel() for weight in model.parameters()),
        told=model.config.told,
        findings=(*find(model), transfer(solver)),
    )


def _of_blocks(model: BlockModel) -> Findings:
    return (*block_findings(model), program_of_blocks(model))


def _of_polar_frames(model: PolarFrameModel) -> Findings:
    """Those of the two networks, named after them."""
    parts = {
        "polar": _of_blocks(model.polar),
        "frames": frame_findings(model.frames, positive=True),
    }
    titles = {"polar": "The polar factor", "frames": "The frame of H"}
    return tuple(
        replace(found, name=f"{part}-{found.name}", title=f"{titles[part]}: {found.title}")
        for part, findings in parts.items()
        for found in findings
    )


_FAMILIES: dict[type[Model], Callable[..., Findings]] = {
    BlockModel: _of_blocks,
    FrameModel: partial(frame_findings, positive=False),
    PolarFrameModel: _of_polar_frames,
    BilinearModel: lambda model: (terms(model),),
}
