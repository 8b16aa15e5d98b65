"""Batch endpoints: deployments that score whole data sets as jobs."""
