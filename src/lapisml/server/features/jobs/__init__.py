"""Jobs: submission, queue, life cycle, logs."""
