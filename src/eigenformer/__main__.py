"""`python -m eigenformer` is the command `eigenformer`."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
