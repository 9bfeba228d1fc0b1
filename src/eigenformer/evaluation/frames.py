"""Tables as pandas data frames, for those who have pandas."""

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from ..core import InputError


def data_frame(columns: Mapping[str, Sequence[Any]]) -> Any:
    """`pandas.DataFrame(columns)`; without pandas, an `InputError` that says how to get it."""
    try:
        pandas = importlib.import_module("pandas")
    except ModuleNotFoundError:
        raise InputError(
            "data frames need pandas, which is not installed: pip install 'eigenformer[pandas]'"
        ) from None
    return pandas.DataFrame({name: list(values) for name, values in columns.items()})
