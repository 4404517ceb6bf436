"""gunicorn's worker over waitress: connections, limits, and state shared by all workers."""
