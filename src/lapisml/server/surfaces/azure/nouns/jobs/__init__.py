"""Jobs: their REST form and our documents, the addresses below ``…/jobs``, and those of the run history."""
