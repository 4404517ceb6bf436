"""Solaris: the signings of a person (IDnow)."""

from pathlib import Path

from app.api.family import Family
from app.api.solaris import views as routes
from app.api.solaris.errors import answer_error

FAMILY = Family(
    name="solaris",
    blueprints=(routes.blueprint,),
    prefixes=("/v1/persons/",),
    answer_error=answer_error,
    openapi=Path(__file__).with_name("openapi.yaml"),
)

__all__ = ["FAMILY"]
