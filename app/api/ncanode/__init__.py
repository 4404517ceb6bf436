"""The "Signatures Persist API" of the image perfumerlabs/ncanode."""

from pathlib import Path

from app.api.families import Family
from app.api.ncanode import envelope, origin, routes, validation

FAMILY = Family(
    name="ncanode",
    blueprints=(routes.blueprint, validation.blueprint, origin.blueprint),
    prefixes=(),
    tell=envelope.tell,
    openapi=Path(__file__).with_name("openapi.yaml"),
)

__all__ = ["FAMILY"]
