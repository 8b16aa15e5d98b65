"""Loads one model and answers: runs in the model's own environment, which holds nothing of Lapis.

The folder above this one is on the import path of a replica only while these modules are loaded. Standard library,
and what the model brings. Keeps to Python 3.8.
"""
