"""Pipelines: jobs made of steps."""
