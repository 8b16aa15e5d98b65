"""What can be done with each noun of a workspace, under azure.ai.ml's method names.

Each class takes a `Session` and a `wrap` that turns the server's records into what the caller wants: entities
for the SDK, plain records for the command line.
"""
