"""Certification paths from a signer to a trust anchor (RFC 5280 section 6)."""
