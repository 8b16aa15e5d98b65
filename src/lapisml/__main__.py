"""``python -m lapisml`` is the command ``lapis``."""

import sys

from lapisml.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
