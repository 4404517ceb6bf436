"""Penbox: one signature by its public id."""

from app.api.families import Family
from app.api.penbox import routes
from app.api.penbox.description import describe
from app.api.penbox.shapes import tell

FAMILY = Family(
    name="penbox",
    blueprints=(routes.blueprint,),
    prefixes=("/v1/signatures/", "/signatures/"),
    tell=tell,
    describe=describe,
)

__all__ = ["FAMILY"]
