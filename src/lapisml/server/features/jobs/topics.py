"""What threads of the jobs feature, and those who watch jobs, wake each other with."""

RUNNING = "Running."
"""What is said of a composite job when there is nothing more to say."""

TOPIC_LINE = "jobs:line"
"""Told when a job enters a line, or when nodes may have become free."""

TOPIC_NEWS = "jobs:news"
"""Told when a job that holds nodes needs attention, or has changed for those who watch it."""

TOPIC_CHILDREN = "jobs:children"
"""Told when a pipeline or a sweep needs attention: it is new, one of its jobs has ended, or it is to be canceled."""

TOPIC_MOVED = "jobs:moved"
"""Told on this server when a round of it is over, in which jobs may have moved."""


def lane_topic(workspace: int, compute: str) -> str:
    """Return what is told when an attached compute of a workspace was given jobs, or there is news of its jobs."""
    return f"{TOPIC_NEWS}:{workspace}:{compute}"
