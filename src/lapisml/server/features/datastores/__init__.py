"""Datastores: named places for data, with their credentials."""
