"""Signatures: bytes in, values out. Knows nothing of the web, of databases, of settings or time."""
