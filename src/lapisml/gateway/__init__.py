"""The gateway: the process that other programs' requests reach, with a lifetime of its own.

It takes HTTP, checks the key, chooses a deployment by the traffic rule, and hands the request to a replica over a
Unix socket. It needs no server and no database: it goes by the files of `lapisml.ports.serving`. See
``docs/gateway.md``.
"""
