"""One pass of a network whose activations have names: each can be recorded, or replaced by a hook.

A network says where its activations arise by calling the pass with a name and a value, and goes on
with what it gets back. So recording, hooking and plain running share one formula for everything.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from ..core import InputError, unknown

Hook = Callable[[Tensor], Tensor | None]
"""Takes an activation, gives what the pass is to go on with; None leaves it as it was."""
Hooks = Mapping[str, Hook]


class HookedPass:
    """Records every activation of one pass in `cache`, or, where `hooks` are given, runs those.

    A hook that gives back what it was given changes nothing, bit for bit: where a network takes a
    shorter way that never forms an activation, it leaves that way only for a value that differs.
    """

    def __init__(self, hooks: Hooks | None = None, prefix: str = "") -> None:
        self.cache: dict[str, Tensor] = {}
        self._hooks = hooks
        self._prefix = prefix
        self._met: set[str] = set()

    def within(self, part: str) -> "HookedPass":
        """The same pass, in a part of the network whose names begin with `part` and a dot."""
        inner = HookedPass(self._hooks, f"{self._prefix}{part}.")
        inner.cache, inner._met = self.cache, self._met
        return inner

    def __call__(self, name: str, value: Tensor) -> Tensor:
        """What the pass goes on with: `value`, or what a hook makes of it."""
        changed = self.changed(name, lambda: value)
        return value if changed is None else changed

    def changed(self, name: str, form: Callable[[], Tensor]) -> Tensor | None:
        """What a hook makes of the value that `form` gives; None where it stays as it is.

        `form` is called only if the value is to be recorded, or has a hook.
        """
        name = self._prefix + name
        self._met.add(name)
        if self._hooks is None:
            self.cache[name] = form()
            return None
        if name not in self._hooks:
            return None
        value = form()
        given = self._hooks[name](value.clone())  # theirs to write into
        if given is None:
            return None
        if not isinstance(given, Tensor) or given.shape != value.shape:
            shown = list(given.shape) if isinstance(given, Tensor) else type(given).__name__
            raise InputError(
                f"the hook of {name} gave {shown}; give a tensor {list(value.shape)}, or None to "
                "leave it as it is"
            )
        given = given.to(value)
        same = given.requires_grad == value.requires_grad and torch.equal(given, value)
        return None if same else given

    def finish(self) -> None:
        """Refuse hooks whose names the pass has not met."""
        for name in self._hooks or ():
            if name not in self._met:
                raise unknown("activation", name, self._met)
