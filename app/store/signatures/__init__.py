"""Versions of signatures: saving, reading and listing them, and their signers."""
