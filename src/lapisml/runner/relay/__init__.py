"""The relay: a job's tracking server on loopback, which the real one may leave and come back to.

It answers metric writes as soon as they are on this machine's disk and sends them on in batches; everything
else it passes through, waiting for a server that is away. See ``docs/relay.md``.
"""
