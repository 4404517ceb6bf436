"""What this operator trusts: anchors and revocation data, and the verifier that uses them."""

from app.trust.service import Trust

__all__ = ["Trust"]
