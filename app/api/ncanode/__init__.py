"""The "Signatures Persist API" of the image perfumerlabs/ncanode."""

from app.api.families import Family
from app.api.ncanode import envelope, origin, routes, validation
from app.api.ncanode.description import describe

FAMILY = Family(
    name="ncanode",
    blueprints=(routes.blueprint, validation.blueprint, origin.blueprint),
    prefixes=(),
    tell=envelope.tell,
    describe=describe,
)

__all__ = ["FAMILY"]
