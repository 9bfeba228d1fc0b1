"""How a plan is run, as the command line takes it: the same for every command that runs one."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..core import COUNT, at_least
from ..core.lazy import lazy
from ..training.execution import Execution, Library, check_tracker

if TYPE_CHECKING:
    from .engine import Engine, JobOptions
    from .records import Records


@dataclass(frozen=True, kw_only=True)
class EngineOptions:
    """Nothing here changes a result."""

    engine: Literal["local", "ray"] = "local"
    """local: on this machine. ray: Ray Tune, here or on a cluster (extra `sweep`)."""
    workers: int = 1
    """Runs side by side."""
    retries: int = 2
    """Times that a run goes on after its process was killed; with one local worker it has none."""
    threads: int = 0
    """Of each run; 0: the cores shared among the workers. Small batches are fastest on 1."""
    processes: int = 1
    """Of each run, started by torchrun, for data-parallel training."""
    loaders: int | Literal["auto"] = "auto"
    """Background processes that make batches ahead, of each run; 0 if all cores are busy. auto: 1
    for token models, 0 for prompts."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto takes a CUDA device if there is one."""
    gpus_per_run: float = 0.0
    """With ray: GPUs of each run; runs with 0.5 share one in pairs."""
    address: str = ""
    """With ray: of an existing cluster, such as auto; without it, Ray is started here."""
    save_seconds: float = 60.0
    """Time between saved states."""
    track: Library = "none"
    """Mirror the metrics of the runs in trackio (extra `track`) or wandb."""
    yes: bool = False
    """Begin even what is expected to take more than an hour."""
    quiet: bool = False
    """Report nothing but the result."""

    def __post_init__(self) -> None:
        at_least(0, COUNT, threads=self.threads)
        check_tracker(self.track)
        if self.__dict__ != {f.name: f.default for f in fields(self)}:
            make_engine(self)  # what it refuses is refused before anything has begun


def make_engine(options: EngineOptions) -> "Engine":
    """The engine that the options ask for."""
    from .local_engine import LocalEngine
    from .ray_engine import RayEngine

    threads = options.threads or None
    if options.engine == "local":
        return LocalEngine(
            workers=options.workers,
            retries=options.retries,
            threads=threads,
            processes=options.processes,
        )
    return RayEngine(
        workers=options.workers,
        retries=options.retries,
        threads=threads,
        processes=options.processes,
        gpus_per_run=options.gpus_per_run,
        address=options.address or None,
    )


def job_options(
    options: EngineOptions, records: "Records | None" = None, store: Path | None = None
) -> "JobOptions":
    """What the runs share. Each is quiet: the engine reports for all of them."""
    from .engine import JobOptions

    execution = Execution(
        device=options.device,
        workers=options.loaders,
        save_seconds=options.save_seconds,
        quiet=True,
        track=options.track,
    )
    return JobOptions(execution=execution, store=store, records=records)


lazy(__name__)
