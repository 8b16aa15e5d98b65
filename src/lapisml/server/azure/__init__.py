"""The door for clients of Azure: an address with TLS, what stands behind it, and how it is opened."""
