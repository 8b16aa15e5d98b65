"""What the server says of its native API, as ``studio/openapi.json`` keeps it. Run as a module it prints that."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from lapisml.server.app import create_app
from lapisml.server.platform.files import private_folder
from lapisml.server.settings import Settings


def described() -> str:
    """Describe the API; the version of the package is left out, for it changes nothing in the form."""
    with tempfile.TemporaryDirectory() as folder:
        home = private_folder(Path(folder) / "home")
        for name in ("run", "storage"):
            private_folder(home / name)
        application = create_app(Settings(home=home), "http://localhost:8787")
        try:
            document = _native(application.asgi).openapi()
        finally:
            application.lifetime.stop()
    document = {**document, "info": {"title": "Lapis", "version": "0"}}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _native(app: Any) -> Any:
    """Find the native application behind the layers around it."""
    while not hasattr(app, "openapi"):
        app = app._rest if hasattr(app, "_rest") else app._app
    return app


if __name__ == "__main__":
    sys.stdout.write(described())
