"""`python -m zkseal` is the command line."""

import sys

from zkseal.cli import main

if __name__ == "__main__":
    sys.exit(main())
