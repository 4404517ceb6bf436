"""Algorithms: digests, signature values, public keys, and the identifiers that name them."""
