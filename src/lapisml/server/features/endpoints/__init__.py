"""Online endpoints: deployments that answer requests."""
