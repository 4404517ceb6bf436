"""Log lines, counters and request ids."""
