"""Verifying signatures and certificates."""
