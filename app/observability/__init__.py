"""Observability: request ids, metrics, log lines.

Nothing is imported here, since the modules must be importable one by one: gunicorn's settings first
set up `worker_slots`, on which the metrics depend.
"""
