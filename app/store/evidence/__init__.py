"""Evidence that lasts: which versions still need some, what was obtained, and the results."""
