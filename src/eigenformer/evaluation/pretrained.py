"""A trained solver as a folder in the layout of Hugging Face; nothing is fetched or sent.

config.json             the network, the task (problem, matrices, encodings), the special tokens
generation_config.json  greedy decoding
model.safetensors       the weights, named as in the module's `state_dict`

A run folder is where a network is trained; this is for one that is handed on, with nothing of how
it came to be.
"""

from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save

from ..core import InputError, from_json, load_json, save_json, to_json
from ..core.serialize import write_atomically
from ..encodings import EOS, PAD, Task
from ..models import ModelConfig
from ..models.weights import built_with
from .trained import TrainedSolver

MODEL_TYPE = "eigenformer"
SCHEMA = 2
"""Counts up when what stands under `MODEL_TYPE` in config.json changes."""
CONFIG, WEIGHTS, GENERATION = "config.json", "model.safetensors", "generation_config.json"
_KEYS = {"schema", "task", "model", "only", "soft_width"}
_TOKENS = {"decoder_start_token_id": EOS, "eos_token_id": EOS, "pad_token_id": PAD}


def save_pretrained(solver: TrainedSolver, folder: str | Path) -> None:
    """Write `solver` to `folder`, over an earlier one there; `InputError` if it holds other things.

    `from_pretrained` gives a solver with the same answers, bit for bit.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; name a folder for the model")
    if folder.exists() and any(folder.iterdir()) and not is_pretrained(folder):
        raise InputError(f"{folder} holds other files; name a new folder for the model")
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: tensor.contiguous() for name, tensor in solver.model.state_dict().items()}
    write_atomically(folder / WEIGHTS, save(weights, {"format": "pt"}))
    save_json(folder / GENERATION, {"do_sample": False, "num_beams": 1, **_TOKENS})
    only = None if solver.problem == solver.task.problem else solver.problem.name
    config = {
        "model_type": MODEL_TYPE,
        "architectures": [type(solver.model).__name__],
        "is_encoder_decoder": True,
        **_TOKENS,
        MODEL_TYPE: {
            "schema": SCHEMA,
            "task": to_json(solver.task),
            "model": to_json(solver.model.config),
            "only": only,
            "soft_width": solver.model.soft_width,
        },
    }
    # Last: what makes the folder a model exists only when all of it does.
    save_json(folder / CONFIG, config)


def is_pretrained(folder: Path) -> bool:
    """Whether `folder` has a config.json of `save_pretrained`."""
    if not (folder / CONFIG).is_file():
        return False
    config = load_json(folder / CONFIG)
    return isinstance(config, dict) and config.get("model_type") == MODEL_TYPE


def from_pretrained(folder: str | Path, device: str = "cpu") -> TrainedSolver:
    """The solver that `save_pretrained` wrote to `folder`; its name is the folder's.

    Raises `InputError` if there is none, it was written by another version, or it is damaged.
    Weights of any precision become float32. Keys that other tools added to config.json are passed
    over.
    """
    folder = Path(folder)
    if not is_pretrained(folder):
        raise InputError(
            f"{folder} is no folder of save_pretrained: it has no {CONFIG} of the model type "
            f"{MODEL_TYPE!r} (ef.load reads run folders too)"
        )
    where = str(folder / CONFIG)
    data = load_json(folder / CONFIG).get(MODEL_TYPE)
    if isinstance(data, dict) and data.get("schema") == 1:
        data |= {"schema": SCHEMA, "soft_width": 0.0}  # as its answers were read when it was saved
    if not isinstance(data, dict) or set(data) != _KEYS:
        raise InputError(f"{where} does not say under {MODEL_TYPE!r} what the model is")
    if data["schema"] != SCHEMA:
        raise InputError(
            f"{where} has schema version {data['schema']}, and this version reads {SCHEMA}; use "
            "the version of eigenformer that wrote it"
        )
    task = from_json(Task, data["task"], f"{where}: task")
    config: ModelConfig = from_json(ModelConfig, data["model"], f"{where}: model")
    misfit = f"the weights in {folder / WEIGHTS} do not fit {where}"
    weights = _weights(folder / WEIGHTS)
    model = built_with(weights, config, task.encoder, task.decoder, misfit)
    model.aim(from_json(float, data["soft_width"], f"{where}: soft_width"))
    solver = TrainedSolver(model.to(device), task, name=folder.resolve().name)
    return solver if data["only"] is None else solver.only(str(data["only"]))


def _weights(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise InputError(f"{file} does not exist; the folder was copied without its weights")
    try:
        return load_file(file)
    except SafetensorError:
        raise InputError(f"{file} is not a safetensors file, or is damaged") from None
