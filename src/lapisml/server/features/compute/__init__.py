"""Computes: where jobs run, and how much of it there is."""
