"""Models that were trained with the LAWT code (facebookresearch/LAWT, March 2023).

In: a LAWT run folder, `params.pkl` (an argparse.Namespace) and `checkpoint.pth`. Out: a
`TrainedSolver` that writes the tokens that LAWT's greedy decoding writes. Nothing in the folder is
run: the pickle is read by an unpickler that knows no classes, the checkpoint with `weights_only`.
"""

from .import_run import ImportedRun as ImportedRun
from .import_run import import_run as import_run
