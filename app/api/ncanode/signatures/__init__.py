"""Signatures: saving, finding, comparing and deleting them."""
