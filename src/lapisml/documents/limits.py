"""How large a document may be, wherever it came from."""

LARGEST = 4 * 1024 * 1024
"""Bytes of a document."""

DEEPEST = 64
"""Levels of lists and mappings within each other."""

MOST_NODES = 50_000
"""Values of one document, those that YAML's aliases repeat counted each time."""

MOST_COMPOSED = 250_000
"""Values of a document together with what it took in from other files."""
