"""Metrics for Prometheus."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, request

from app.auth import needs
from app.observability import counters

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
@needs("metrics")
def get_metrics() -> Response:
    """Return all metrics, in one of Prometheus's text formats."""
    accept = request.headers.get("Accept", "")
    text, content_type = counters.render(accept, current_app.extensions["collectors"])
    return Response(text, content_type=content_type)
