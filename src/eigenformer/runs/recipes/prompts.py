"""A recipe for each architecture that reads prompts: `linear-attention`, `transformer`, ..."""

import dataclasses
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...core import Registry
from ...core.lazy import lazy

if TYPE_CHECKING:
    from ...incontext import RunConfig
    from ...training import Run

_OPTIONS = {
    "layers": "layers of the model.",
    "task": "name of the law of prompts: regression, logistic, graph, patterns, or your own.",
    "dim": "features of a prompt, for tasks that have as many as they are asked for.",
    "points": "pairs in a prompt's context, likewise.",
    "steps": "updates.",
    "batch": "prompts a step.",
    "rate": "learning rate of Adam.",
    "seed": "of the initial weights and of the prompts.",
}


class Recipes(Registry["Run"]):
    """Recipes by name; each registered architecture of prompt models is one too."""

    def names(self) -> tuple[str, ...]:
        from ...incontext import ARCHITECTURES

        return (*super().names(), *ARCHITECTURES.names())

    def item(self, name: str) -> "Callable[..., Run]":
        if name not in self._by_name:
            from ...incontext import ARCHITECTURES

            if name in ARCHITECTURES.names():
                return prompt_recipe(name)
        return super().item(name)


def prompt_recipe(architecture: str) -> "Callable[..., RunConfig]":
    """The recipe that trains the architecture called so, as a function with its options."""
    from ...incontext import ARCHITECTURES, TASKS, Optimizer, RunConfig

    fields = {field.name: field for field in dataclasses.fields(_class(architecture))}

    def recipe(**given: Any) -> "RunConfig":
        options = {**defaults, **given}
        layers = {"layers": options["layers"]} if "layers" in options else {}
        task = TASKS.item(options["task"])
        known = {field.name for field in dataclasses.fields(task)}  # type: ignore[arg-type]
        shape = {key: options[key] for key in ("dim", "points") if key in known and options[key]}
        return RunConfig(
            task=TASKS.get(options["task"], **shape),
            model=ARCHITECTURES.get(architecture, **layers),
            optimizer=Optimizer(rate=options["rate"]),
            steps=options["steps"],
            batch=options["batch"],
            seed=options["seed"],
        )

    defaults = {
        **({"layers": fields["layers"].default} if "layers" in fields else {}),
        "task": getattr(_class(architecture), "usual_task", "regression"),
        "dim": None,
        "points": None,
        "steps": 5000,
        "batch": 512,
        "rate": 1e-3,
        "seed": 0,
    }
    kinds: dict[str, Any] = {"task": str, "dim": int | None, "points": int | None, "rate": float}
    recipe.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=value, annotation=kinds.get(name, int)
            )
            for name, value in defaults.items()
        ]
    )
    options = "\n".join(f"    {name}: {_OPTIONS[name]}" for name in defaults)
    recipe.__doc__ = (
        f"Train {architecture} on prompts of examples, and keep its test loss.\n\nArgs:\n{options}"
    )
    return recipe


def _class(architecture: str) -> Any:
    from ...incontext import ARCHITECTURES

    return ARCHITECTURES.item(architecture)


lazy(__name__)
