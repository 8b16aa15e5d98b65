"""What the parts of this feature tell each other."""

TOPIC_ENDPOINTS = "endpoints"
"""Told when an endpoint or a deployment is made, changed or deleted, or when one of its steps has ended."""

TOPIC_SETTLED = "endpoints:settled"
"""Told when a round has changed what is known of endpoints."""
