"""The fixtures of the command line: one server for a module, the real command over its home."""

from tests.e2e.cli.conftest import lapis, server, write

__all__ = ["lapis", "server", "write"]
