"""The "Signatures Persist API" of the image perfumerlabs/ncanode."""

from app.api.families import Family
from app.api.ncanode import envelope, origin, routes, validation

FAMILY = Family(
    name="ncanode",
    blueprints=(routes.blueprint, validation.blueprint, origin.blueprint),
    prefixes=(),
    tell=envelope.tell,
)

__all__ = ["FAMILY"]
