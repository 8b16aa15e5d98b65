"""Sweeps, as far as they can be decided without looking at anything: search spaces, draws, policies, progress."""
