"""Metrics for Prometheus."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.auth import needs
from app.observability import counters

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
@needs("metrics")
def get_metrics() -> Response:
    """Return all metrics, in one of Prometheus's text formats."""
    text, content_type = counters.render(request.headers.get("Accept", ""))
    return Response(text, content_type=content_type)
