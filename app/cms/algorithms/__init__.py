"""Algorithms: digests, signature values, public keys, and how files name them."""
