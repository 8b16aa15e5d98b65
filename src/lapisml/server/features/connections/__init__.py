"""Connections: other systems that a workspace knows, with the credentials for them."""
