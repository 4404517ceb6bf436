"""The "Signatures Persist API" of the image perfumerlabs/ncanode."""

from app.api.ncanode.routes import blueprint

__all__ = ["blueprint"]
