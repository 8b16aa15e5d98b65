"""Storage through the machine's file system, fsspec and plain HTTP."""
