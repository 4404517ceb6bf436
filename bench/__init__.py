"""`make bench`: how fast the server is, beside the smallest server that could do the same work."""
