"""Steps that need not run again: what went into them, what came out, and why one ran."""
