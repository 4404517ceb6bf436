"""Whom this operator trusts: anchors and revocation data on disk, and the verifier over them."""

from app.trust.service import Trust

__all__ = ["Trust"]
