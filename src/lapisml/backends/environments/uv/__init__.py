"""Environments as virtual environments built by uv: the default builder."""

from __future__ import annotations

from lapisml.backends.environments.uv.builder import UvEnvironmentBuilder

__all__ = ["UvEnvironmentBuilder"]
