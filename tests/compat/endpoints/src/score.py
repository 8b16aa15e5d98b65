"""A scoring script."""
