"""The run folder of this room: that of `eigenformer.training`, and snapshots of the weights."""

from pathlib import Path

from safetensors.torch import load_file, save
from torch import Tensor

from ...core import InputError
from ...core.serialize import write_atomically
from ...training import Folder
from ..models import InContextModel
from .config import RunConfig


class InContextFolder(Folder[RunConfig]):
    """A run of `incontext.train`. `model.safetensors` holds the weights of the last evaluation."""

    kind = RunConfig

    def save_snapshot(self, step: int, tensors: dict[str, Tensor]) -> None:
        file = self._snapshot(step)
        file.parent.mkdir(exist_ok=True)
        write_atomically(file, save({k: t.detach().contiguous() for k, t in tensors.items()}))

    def snapshots(self) -> tuple[int, ...]:
        """The steps whose weights were kept."""
        files = (self.path / "snapshots").glob("*.safetensors")
        return tuple(sorted(int(file.stem) for file in files))

    def model(self, step: int | None = None) -> InContextModel:
        """The trained model, or its snapshot after `step` steps, on the CPU."""
        if step is None:
            if not self.model_file.exists():
                raise InputError(f"{self.path} has no model yet; train its configuration again")
            tensors = self.load_model()
        elif step in self.snapshots():
            tensors = load_file(self._snapshot(step))
        else:
            kept = ", ".join(map(str, self.snapshots())) or "none"
            raise InputError(f"{self.path} has no snapshot of step {step}; it has {kept}")
        config = self.config()
        model = config.model.build(config.task, config.seed)
        model.load_state_dict(tensors)
        return model.to(next(iter(tensors.values())).dtype).eval().requires_grad_(False)

    def test_losses(self) -> dict[int, float]:
        """The test loss by the number of steps done."""
        return {
            line["step"]: line["loss"] for line in self.metrics() if line["kind"] == "evaluation"
        }

    def _snapshot(self, step: int) -> Path:
        return self.path / "snapshots" / f"{step:010d}.safetensors"


def load_run(path: str | Path) -> InContextFolder:
    """The run in a folder, checked to be one: `load_run(path).model()`, `.config()`."""
    folder = InContextFolder(Path(path))
    folder.config()
    return folder
