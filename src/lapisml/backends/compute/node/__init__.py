"""Jobs on other machines: the agent there, the link to it, and the backend that speaks through it."""
