"""Jobs through Slurm: `cluster.SlurmCluster` on the server, `jobs.SlurmJobs` on the login host, `start` on the nodes.

Nothing is imported here: the nodes read this package with the standard library alone.
"""
