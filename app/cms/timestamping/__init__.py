"""Timestamps (RFC 3161) that are to be obtained: requests written, responses read."""
