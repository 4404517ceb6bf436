"""The "Signatures Persist API" of the image perfumerlabs/ncanode."""

from app.api.ncanode import origin, routes, validation

BLUEPRINTS = (routes.blueprint, validation.blueprint, origin.blueprint)

__all__ = ["BLUEPRINTS"]
