"""What counts by a timestamp counts only while the anchor of the timestamp is trusted, too."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.store.signatures.standings import STAMP_ANCHOR_GONE
from tests import der, pki
from tests.api import people
from tests.api.asking import save
from tests.api.people import IIN, ivan
from tests.api.test_signed import (
    PENDING,
    REFUSED,
    SIGNED,
    app_with_an_anchor,
    client_of_a_trusting_server,
    engine_of,
    examiner_of,
    forget,
    package,
    reported,
    standings,
)
from tests.api.test_signed_revoked import serial_of, verified
from tests.pki import CONTENT, DAY, NOT_BEFORE, Holder, Revoked

__all__ = ["app_with_an_anchor", "client_of_a_trusting_server"]

ANCHOR = "stamping.cer"
#: A CRLReason (RFC 5280 section 5.3.1).
KEY_COMPROMISE = 1


def stamping_root() -> Holder:
    return pki.root("TSA ROOT", pki.rsa_key("tsa root"))


def stamping_authority() -> Holder:
    return pki.certify(pki.name("TSA"), pki.rsa_key("tsa"), stamping_root(), pki.STAMPER)


def stamped(who: Holder, moment: datetime, claimed: datetime | None = None) -> str:
    """Return a signature with a timestamp by an authority of another anchor."""
    authority = stamping_authority()
    signed = sorted(pki.attributes(CONTENT, moment=claimed or NOT_BEFORE))
    value = pki.signature_of(pki.signer_info(who, signed=signed))
    token = pki.timestamp(value, moment, by=authority)
    unsigned = [der.attribute(pki.TIMESTAMP, token)]
    info = pki.signer_info(who, signed=signed, unsigned=unsigned, signature=value)
    holders = [who, pki.authority(), authority]
    return b64encode(pki.signed_data([info], holders, None)).decode()


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def ended() -> Holder:
    return ivan(valid=(NOT_BEFORE, now() - 5 * DAY))


def completed(client: FlaskClient) -> tuple[Any, Any]:
    (signing,) = client.get(f"/v1/persons/{IIN}/signings").get_json()
    return signing["completed_at"], signing["completed_at_source"]


@pytest.mark.attacks
def test_the_anchor_of_a_timestamp_that_is_removed_vouches_for_nothing_from_then_on(
    trusting_app: Flask, trusting: FlaskClient, trust_folder: Path
) -> None:
    anchor, engine = trust_folder / ANCHOR, engine_of(trusting_app)
    anchor.write_bytes(stamping_root().certificate)
    package_id = package(trusting)
    save(trusting, cms=stamped(ended(), now() - 10 * DAY))
    assert reported(trusting, engine, package_id) == SIGNED
    assert completed(trusting)[1] == "verified_timestamp"
    anchor.unlink()
    assert reported(trusting, engine, package_id) == PENDING
    assert completed(trusting) == (None, None)
    assert standings(trusting) == [{"state": "pending", "reason": STAMP_ANCHOR_GONE}]
    list(examiner_of(trusting_app).examine())
    assert reported(trusting, engine, package_id) == PENDING
    anchor.write_bytes(stamping_root().certificate)
    list(examiner_of(trusting_app).examine())
    assert reported(trusting, engine, package_id) == SIGNED
    # And so it is for what the background has verified.
    anchor.unlink()
    assert reported(trusting, engine, package_id) == PENDING


@pytest.mark.attacks
@pytest.mark.parametrize(
    ("claimed", "outcome"), [(NOT_BEFORE, ("unknown", PENDING)), (None, ("no", REFUSED))]
)
def test_who_counts_by_a_timestamp_is_judged_again_once_its_authority_is_proven_compromised(
    trusting_app: Flask,
    trusting: FlaskClient,
    trust_folder: Path,
    claimed: datetime | None,
    outcome: tuple[str, dict[str, Any]],
) -> None:
    engine, root = engine_of(trusting_app), stamping_root()
    (trust_folder / ANCHOR).write_bytes(root.certificate)
    package_id = package(trusting)
    save(trusting, cms=stamped(ended(), now() - 10 * DAY, claimed or now()))
    assert reported(trusting, engine, package_id) == SIGNED
    compromised = Revoked(serial_of(stamping_authority()), now() - 2 * DAY, KEY_COMPROMISE)
    crl = pki.crl(root, compromised, this_update=now() - DAY, next_update=now() + DAY)
    (trust_folder / "stamping.crl").write_bytes(crl)
    assert verified(trusting)["path"]["answer"] == outcome[0]
    assert list(examiner_of(trusting_app).examine()) == [1]
    assert reported(trusting, engine, package_id) == outcome[1]
    # What was noted is noted once, and judged once.
    assert verified(trusting)["path"]["answer"] == outcome[0]
    assert list(examiner_of(trusting_app).examine()) == []


@pytest.mark.attacks
def test_who_needs_no_timestamp_counts_again_once_verified(
    trusting_app: Flask, trusting: FlaskClient, trust_folder: Path
) -> None:
    anchor, engine = trust_folder / ANCHOR, engine_of(trusting_app)
    anchor.write_bytes(stamping_root().certificate)
    package_id = package(trusting)
    save(trusting, cms=stamped(ivan(), now() - 10 * DAY))
    assert completed(trusting)[1] == "verified_timestamp"
    anchor.unlink()
    assert completed(trusting) == (None, None), "nobody vouches for the time"
    list(examiner_of(trusting_app).examine())
    assert reported(trusting, engine, package_id) == SIGNED
    assert completed(trusting)[1] != "verified_timestamp"


def test_a_timestamp_below_the_anchor_of_the_signer_needs_no_other(
    trusting_app: Flask, trusting: FlaskClient, trust_folder: Path
) -> None:
    anchor, engine = trust_folder / ANCHOR, engine_of(trusting_app)
    anchor.write_bytes(stamping_root().certificate)
    package_id = package(trusting)
    save(trusting, cms=people.cms(ivan(), stamped=True))
    anchor.unlink()
    assert reported(trusting, engine, package_id) == SIGNED
    forget(engine)
    list(examiner_of(trusting_app).examine())
    assert reported(trusting, engine, package_id) == SIGNED
