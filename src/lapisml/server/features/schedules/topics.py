"""What the parts of this feature tell each other."""

TOPIC_SCHEDULES = "schedules"
"""Told when a schedule is made, changed, enabled or disabled."""
