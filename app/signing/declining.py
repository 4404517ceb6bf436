"""A signer who will not sign says so, and why."""

from __future__ import annotations

from sqlalchemy import Engine

from app.signing.refusals import Refusal
from app.store.database.engine import transaction
from app.store.packages.decisions import DECLINED, decide
from app.store.packages.signing import find_signing
from app.store.signatures.standings import Trusted


def decline(engine: Engine, token: str, trusted: Trusted, reason: str) -> None:
    """Keep that the holder of a link declined to sign. Twice is once.

    Raises:
        Refusal: there is nothing to decline: the link can't be used, or all is signed.
    """
    with transaction(engine) as connection:
        asked = find_signing(connection, token, trusted)
        if asked is None or asked.state not in ("ready", "waiting", "declined"):
            raise Refusal("not_asked")
        decide(connection, asked.link.package_id, asked.link.signer, DECLINED, reason)
