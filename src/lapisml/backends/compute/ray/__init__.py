"""Jobs on a Ray cluster: one long-lived driver there (the front), one small actor on each node that has jobs."""
