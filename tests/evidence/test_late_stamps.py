"""A timestamp that the server obtains late takes nothing from what was true at the save."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from app.cms import Answer, Occasion, Verifier, parse
from app.cms.x509.certificate import read_certificate
from app.trust.kept import kept_of
from tests import pki
from tests.evidence.office import Office
from tests.evidence.services import Services, now
from tests.pki import Revoked


@pytest.mark.attacks
def test_a_signer_withdraws_no_saved_signature(office: Office, services: Services) -> None:
    """The authority of timestamps is away for a moment, in which the signer revokes."""
    cms = services.sign()
    key = office.save(cms)
    saved = now()
    services.instead["tsp"] = b""
    office.work()
    assert office.evidence(key).state == "pending"
    time.sleep(1.1)  # Revocations are dated by whole seconds.
    revoked_at = now().replace(microsecond=0)
    serial = services.person.serial
    services.revoked[serial] = Revoked(serial, revoked_at, 4)
    services.serve_lists()
    time.sleep(1.1)  # So are timestamps.
    services.instead["tsp"] = None
    office.retry()
    office.work()
    evidence = office.evidence(key)
    # To those who don't know when it was saved it proves nothing.
    assert evidence.state == "impossible"
    kept = kept_of(evidence.items)
    assert kept.tokens
    lists = [
        pki.crl(by, *revoked, this_update=now(), next_update=now() + timedelta(days=1))
        for by, revoked in (
            (services.authority, services.revoked.values()),
            (services.root, ()),
        )
    ]
    verifier = Verifier(
        [read_certificate(services.root.certificate)],
        intermediates=[read_certificate(services.authority.certificate)],
        crls=lists,
    )
    when = Occasion(saved, saved, now=now(), stamps_known=saved)
    for tokens in ({}, kept.tokens):
        [status] = verifier.verify(parse(cms), at=when, tokens=tokens)
        assert status.trusted.answer is Answer.YES, status.trusted
        assert status.decisive_time == saved
        assert status.decisive_time_source == "given"
    assert "the timestamp is of" in " ".join(map(str, status.revocation.reasons))
