"""Prompts: named texts with versions, beside the registered models whose protocol they share."""
