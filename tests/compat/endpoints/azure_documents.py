"""Print the documents that azure.ai.ml makes of the program beside this file: ``python azure_documents.py``."""

from __future__ import annotations

import json
import logging
import os
import warnings
from pathlib import Path
from typing import Any


def main() -> None:
    """Run the program and print what it made, as JSON."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    here = Path(__file__).parent
    os.chdir(here)
    scope: dict[str, Any] = {"__name__": "program"}
    exec(compile((here / "program.py").read_text(), "program.py", "exec"), scope)
    text = json.dumps([entity._to_dict() for entity in scope["made"]], indent=1, default=str, sort_keys=True)
    print(text.replace(f"{here.resolve()}/", "./"))


if __name__ == "__main__":
    main()
