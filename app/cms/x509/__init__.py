"""Certificates of X.509 (RFC 5280), taken apart and not judged."""
