"""Request in, JSON out."""
