"""What every constructor of a network hands on to `Network`."""

from typing import TypedDict

import torch


class NetworkOptions(TypedDict, total=False):
    """How a network is run, which changes nothing of what it computes; see `Network`."""

    dense: bool
    exact: bool
    dtype: torch.dtype
