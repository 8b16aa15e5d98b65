"""Scoring: loads one model and answers; runs in the environment of the model."""
