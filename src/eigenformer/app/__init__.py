"""The playground: a page on this machine that asks models, builds networks and compares solvers.

In: a port. Out: a Gradio page on 127.0.0.1 (`launch`), which fetches nothing from outside. What it
computes is in `ask`, `build` and `compare`, which know nothing of the page; text from the page goes
through `ensembles.reading`, `state` and `construct.language`, which only ever parse it.
"""
