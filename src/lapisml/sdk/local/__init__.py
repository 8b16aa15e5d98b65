"""Online endpoints on one's own machine: the same keeper and gateway, below ``<LAPIS_HOME>/local``, and no server.

What there is stands in small files; the process that changes something does the work of the server for it.
"""
