"""`eigenformer incontext list|run|claims|report`: `paper` for those on in-context learning."""

from ..papers.names import IN_CONTEXT
from . import paper

WHAT = """\
The main figures of papers on what transformers learn to compute in context: small transformers are
trained on prompts, and compared with algorithms on the same prompts. The same as `eigenformer
paper` with these papers.
"""


def main(args: list[str]) -> int:
    return paper.main(args, "incontext", IN_CONTEXT, WHAT)
