"""What the pages of signers sign with, and when."""

from __future__ import annotations

from contextlib import AbstractContextManager

from flask import current_app, request

from app.extensions import current_requirement, current_trust, current_trusted, db
from app.signing.preparing import Store
from app.signing.terms import SigningTerms
from app.store.packages.signing import AskedSigning


def current_signing() -> Store:
    """Return what signing works with in the current application."""
    config = current_app.config
    terms = SigningTerms(
        timestamp=config["SIGNING_TIMESTAMP"],
        accepts_claims=config["CLAIMS"] == "accept",
        keeps_cosigners=config["COSIGN_GUARD"] == "refuse",
        queues_evidence=config["EVIDENCE"],
    )
    trusted, requirement = current_trusted(), current_requirement()
    return Store(db.engine, current_trust(), trusted, terms, requirement)


def in_turn(asked: AskedSigning) -> AbstractContextManager[None]:
    """Take a turn for a large request with one document, which is in a file until it is read.

    Those with several take one for each: all together take long. Raises Busy.
    """
    is_one = len(asked.to_sign) == 1
    return current_trust().turns.reading_size((request.content_length or 0) if is_one else 0)
