"""The settings of signing by links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

#: Whether a timestamp is asked of the signer's program: `ask` also saves without one.
Timestamping: TypeAlias = Literal["ask", "require", "off"]


@dataclass(frozen=True, slots=True)
class SigningTerms:
    """What is asked of a signature, and what is done with it."""

    timestamp: Timestamping = "ask"
    #: Without any trust anchor, claims of certificates are enough.
    accepts_claims: bool = False
    #: A version must not lose signers of the one before it (COSIGN_GUARD=refuse).
    keeps_cosigners: bool = False
    #: Evidence is obtained later.
    queues_evidence: bool = False
