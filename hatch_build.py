"""Builds the web page before the package: see ``studio/build_page.py``. ``LAPIS_STUDIO=skip`` leaves the page out."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PageHook(BuildHookInterface[Any]):
    """Makes the page part of wheels, source distributions and editable installations."""

    def dependencies(self) -> list[str]:
        """Ask for a Node from PyPI where the page must be built and the machine has none."""
        tool = self._tool()
        return [tool.NODE_WHEEL] if tool is not None and tool.installed_node() is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - as the interface has it
        """Build the page when its sources have changed."""
        tool = self._tool()
        if tool is not None:
            self.app.display_info("Building the web page")
            tool.build()

    def _tool(self) -> ModuleType | None:
        """Load what builds; None when there is nothing to be done."""
        script = Path(self.root) / "studio" / "build_page.py"
        if os.environ.get("LAPIS_STUDIO") == "skip" or not script.is_file():
            return None
        found = importlib.util.spec_from_file_location("build_page", script)
        assert found is not None
        assert found.loader is not None
        tool = importlib.util.module_from_spec(found)
        found.loader.exec_module(tool)
        return None if tool.is_current() else tool
