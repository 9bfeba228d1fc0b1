"""Transformers that do linear algebra: learned from examples, or constructed weight by weight.

```python
import eigenformer as ef
```

Everything that answers a matrix question is a `Solver` (a trained network, a constructed network,
NumPy), and all of them meet the same ensembles, problems, errors and reports. The rooms, each of
which imports only the ones before it: `core`, `ensembles`, `problems`, `encodings`, `models`,
`evaluation`, `training`, `construct`, `incontext`, `runs`, `explanation`, `zoo`, `circuits`,
`papers`.

Importing this package imports nothing else, so that `eigenformer --help` answers at once: a name is
imported when it is first used.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import circuits as circuits
    from . import construct as construct
    from . import core as core
    from . import encodings as encodings
    from . import ensembles as ensembles
    from . import evaluation as evaluation
    from . import explanation as explanation
    from . import incontext as incontext
    from . import models as models
    from . import papers as papers
    from . import problems as problems
    from . import runs as runs
    from . import training as training
    from . import zoo as zoo

    # From their modules, as mypy takes a function and a module of the same name for two things.
    from .construct.polish import polish as polish
    from .core import InputError as InputError
    from .core import rng as rng
    from .evaluation import Result as Result
    from .evaluation import Solution as Solution
    from .evaluation import Solver as Solver
    from .evaluation import from_pretrained as from_pretrained
    from .evaluation import numpy_solver as numpy_solver
    from .evaluation.read import read as read
    from .explanation.explain import explain as explain
    from .zoo.load import load as load
    from .zoo.one_call import solve as solve
    from .zoo.scores import evaluate as evaluate
    from .zoo.training import train as train

    __version__: str

# The same names for Python as above for type checkers; tests/test_public_face.py compares the two.
_ROOMS = (
    "circuits",
    "construct",
    "core",
    "encodings",
    "ensembles",
    "evaluation",
    "explanation",
    "incontext",
    "models",
    "papers",
    "problems",
    "runs",
    "training",
    "zoo",
)
_HOME = {
    "InputError": "core",
    "rng": "core",
    "Result": "evaluation",
    "Solution": "evaluation",
    "Solver": "evaluation",
    "evaluate": "zoo",
    "explain": "explanation",
    "from_pretrained": "evaluation",
    "numpy_solver": "evaluation",
    "read": "evaluation",
    "load": "zoo",
    "train": "zoo",
    "polish": "construct",
    "solve": "zoo",
}

if not TYPE_CHECKING:  # A type checker that saw this would accept every misspelt name.

    def __getattr__(name: str) -> object:
        if name in _ROOMS:
            return importlib.import_module(f".{name}", __name__)
        if name in _HOME:
            value = getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
        elif name == "__version__":
            from importlib.metadata import version

            value = version(__name__)
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted([*_ROOMS, *_HOME, "__version__"])
