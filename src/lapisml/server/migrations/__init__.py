"""Versions of the database. `HEAD` is what this release works with; a test holds it to the scripts."""

HEAD = "0017"
KNOWN = frozenset(
    {
        "0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011", "0012", "0013",
        "0014", "0015", "0016", "0017",
    }
)  # fmt: skip
"""Every version that the scripts in `versions` can start from, `HEAD` included."""
