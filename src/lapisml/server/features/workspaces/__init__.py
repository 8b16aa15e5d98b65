"""Workspaces: each a world of its own, and an MLflow root of its own."""
