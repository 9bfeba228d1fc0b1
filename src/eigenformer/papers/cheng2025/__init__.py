"""Studies of Cheng, Carin and Sra (2025), "Graph transformers dream of electric flow"."""

from .study import STUDIES as STUDIES
