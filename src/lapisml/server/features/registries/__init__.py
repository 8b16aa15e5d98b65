"""Registries: models, environments, components and data that all workspaces share."""
