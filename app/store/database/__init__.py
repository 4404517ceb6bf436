"""The database: engines, types, statements in its dialect, replicas, and its limits."""
