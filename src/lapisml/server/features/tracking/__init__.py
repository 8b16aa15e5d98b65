"""Tracking: experiments, runs and what runs log. A job is a run; its name is the run's id."""
