"""gunicorn's worker over waitress: connections, limits, and what all workers share."""
