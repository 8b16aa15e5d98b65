"""Run one of the programs with azure.ai.ml and print the document that it makes, as JSON.

Usage, with an interpreter that has the package: ``python azure_document.py programs/nested.py``.
"""

import json
import logging
import os
import sys
import warnings
from pathlib import Path


def main() -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    program = Path(sys.argv[1]).resolve()
    os.chdir(program.parent)
    scope = {"__name__": "program", "__file__": str(program)}
    exec(compile(program.read_text(), str(program), "exec"), scope)
    text = json.dumps(scope["job"]._to_dict(), default=str)
    document = json.loads(text.replace(f"{program.parent}/", "./"))
    print(json.dumps(document, indent=1, sort_keys=True))


if __name__ == "__main__":
    main()
