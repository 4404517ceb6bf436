"""Solaris: the signings of a person (IDnow)."""

from app.api.families import Family
from app.api.solaris import routes
from app.api.solaris.description import describe
from app.api.solaris.shapes import tell

FAMILY = Family(
    name="solaris",
    blueprints=(routes.blueprint,),
    prefixes=("/v1/persons/",),
    tell=tell,
    describe=describe,
)

__all__ = ["FAMILY"]
