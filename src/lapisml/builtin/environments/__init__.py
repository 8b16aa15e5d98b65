"""Data of the environments part: the catalogue of images and curated names, and the names of conda packages."""
