"""Penbox: one signature by its public id."""

from pathlib import Path

from app.api.family import Family
from app.api.penbox import views as routes
from app.api.penbox.serializers import answer_error

FAMILY = Family(
    name="penbox",
    blueprints=(routes.blueprint,),
    prefixes=("/v1/signatures/", "/signatures/"),
    answer_error=answer_error,
    openapi=Path(__file__).with_name("openapi.yaml"),
)

__all__ = ["FAMILY"]
