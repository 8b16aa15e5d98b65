"""What the parts of this feature tell each other."""

TOPIC_SCHEDULES = "schedules"
"""Told when a schedule is made, changed, enabled or disabled."""

TOPIC_FIRED = "schedules:fired"
"""Told when schedules have fired, or have noted that they did not."""
