"""Mini-batch jobs: one input cut into mini-batches, worked on by several processes of the job's environment."""
