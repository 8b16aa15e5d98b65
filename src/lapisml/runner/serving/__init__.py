"""Models that answer requests: replicas in the model's environment, and the keeper that looks after them."""
