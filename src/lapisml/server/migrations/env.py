"""Alembic's entry: runs scripts on the connection that `upgrade` hands over."""

from alembic import context

from lapisml.server.platform.database import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
context.run_migrations()
