"""A worker of a mini-batch job: runs in the job's own environment, which holds nothing of Lapis.

The folder above this one is on the import path only while these modules are loaded. Standard library; pandas
and numpy of the job's environment where tables are at hand. Keeps to Python 3.8.
"""
