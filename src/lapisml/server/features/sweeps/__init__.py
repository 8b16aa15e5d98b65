"""Sweeps: trials of a job over a search space."""
