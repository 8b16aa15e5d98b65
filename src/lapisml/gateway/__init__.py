"""The gateway: the process that takes the requests of online endpoints and hands them to replicas."""
