"""Identity: access tokens of users and of running jobs."""
