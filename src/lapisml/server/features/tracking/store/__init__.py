"""Rows of tracking. Functions take a connection within a transaction of the caller's."""
