"""A signer whose revocation was proven stays refused, whatever becomes of the CRL that said so."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select

from app.api.ncanode.signatures import saving
from app.store.models import Revocation
from app.store.signatures import reindexing
from tests import pki
from tests.api import people
from tests.api.asking import content_of, rows, save
from tests.api.people import CHIEF_IIN, IIN, chief, ivan
from tests.api.test_signed import (
    IVAN,
    REFUSED,
    app_with_an_anchor,
    client_of_a_trusting_server,
    engine_of,
    package,
    reported,
    standings,
)
from tests.conftest import AppMaker
from tests.pki import DAY, Revoked
from tests.test_cli import run

__all__ = ["app_with_an_anchor", "client_of_a_trusting_server"]

pytestmark = pytest.mark.attacks

NOW = datetime.now(UTC).replace(microsecond=0)
HOLD = 6
THREAD = {"document": "doc", "thread": "main"}


def publish(folder: Path, *revoked: Revoked, at: datetime) -> None:
    """Put a CRL of the authority into the operator's folder."""
    crl = pki.crl(pki.authority(), *revoked, this_update=at, next_update=at + 3 * DAY)
    (folder / "authority.crl").write_bytes(crl)


def revoke(folder: Path, reason: int | None = None) -> None:
    publish(folder, Revoked(serial_of(ivan()), NOW - 2 * DAY, reason), at=NOW - DAY)


def serial_of(holder: pki.Holder) -> int:
    return x509.load_der_x509_certificate(holder.certificate).serial_number


def judge_again(app: Flask, folder: Path) -> None:
    """Add another anchor, or remove it, so that everything is verified again."""
    other = folder / "other.cer"
    if other.exists():
        other.unlink()
    else:
        key = pki.rsa_key("other root")
        other.write_bytes(pki.certify(pki.name("OTHER"), key, None, pki.AUTHORITY).certificate)
    assert run(app, "signers", "verify")[0] == 0


def verified(client: FlaskClient) -> dict[str, Any]:
    (signer,) = content_of(client.get("/signature/verify", query_string=THREAD))["verification"][
        "signers"
    ]
    found: dict[str, Any] = signer
    return found


def state(client: FlaskClient) -> tuple[str | None, str]:
    (standing,) = standings(client)
    return standing["state"], (standing["reason"] or "")[:43]


VALID = "valid", ""
GONE = "refused", "the certificate of ИВАНОВ ИВАН was revoked on"[:43]


@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize("reindexed", [True, False])
def test_a_revocation_is_not_forgotten_with_its_crl(  # noqa: PLR0917 - how it was found and is read again
    trusting_app: Flask,
    trusting: FlaskClient,
    trust_folder: Path,
    left: bool,
    reindexed: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    revoke(trust_folder)
    package_id = package(trusting)
    if left:
        monkeypatch.setattr(saving, "QUICK_SIGNERS", 0)
    save(trusting, cms=people.cms(ivan()))
    assert run(trusting_app, "signers", "verify")[0] == 0
    assert state(trusting) == GONE
    (trust_folder / "authority.crl").unlink()
    if reindexed:
        assert run(trusting_app, "signers", "reindex", "--all")[0] == 0
    judge_again(trusting_app, trust_folder)
    assert state(trusting) == GONE
    assert reported(trusting, engine_of(trusting_app), package_id) == REFUSED
    signer = verified(trusting)
    assert signer["revocation"]["answer"] == "no"
    assert signer["verified"] is None
    assert [one["source"] for one in signer["revocation_findings"]] == ["kept"]
    by_command = run(trusting_app, "verify", "--document", "doc", "--thread", "main", "--json")
    assert by_command[0] == 1


def test_it_binds_what_is_saved_later(trusting: FlaskClient, trust_folder: Path) -> None:
    revoke(trust_folder)
    save(trusting, cms=people.cms(ivan()))
    (trust_folder / "authority.crl").unlink()
    save(trusting, cms=people.cms(ivan()), version=1)
    save(trusting, thread="other", cms=people.cms(ivan()))
    assert {one["state"] for one in standings(trusting)} == {"refused"}


def test_an_older_crl_does_not_outweigh_it(
    trusting_app: Flask, trusting: FlaskClient, trust_folder: Path
) -> None:
    revoke(trust_folder)
    save(trusting, cms=people.cms(ivan()))
    publish(trust_folder, at=NOW - 2 * DAY - timedelta(hours=1))
    judge_again(trusting_app, trust_folder)
    assert state(trusting) == GONE


def test_a_hold_is_lifted_by_a_newer_crl_and_by_nothing_else(
    trusting_app: Flask, trusting: FlaskClient, trust_folder: Path
) -> None:
    revoke(trust_folder, HOLD)
    save(trusting, cms=people.cms(ivan()))
    assert state(trusting) == GONE
    publish(trust_folder, at=NOW - 2 * DAY)
    judge_again(trusting_app, trust_folder)
    assert state(trusting) == GONE
    publish(trust_folder, at=NOW)
    judge_again(trusting_app, trust_folder)
    assert state(trusting) == VALID


def test_it_does_not_count_without_the_anchor_that_vouched_for_it(
    trusting_app: Flask, trusting: FlaskClient, trust_folder: Path
) -> None:
    revoke(trust_folder)
    save(trusting, cms=people.cms(ivan()))
    (trust_folder / "authority.crl").unlink()
    anchors = {one: one.read_bytes() for one in trust_folder.iterdir() if one.suffix == ".pem"}
    anchors |= {one: one.read_bytes() for one in trust_folder.iterdir() if one.suffix == ".cer"}
    for one in anchors:
        one.unlink()
    judge_again(trusting_app, trust_folder)
    assert state(trusting)[0] == "pending"
    for one, data in anchors.items():
        one.write_bytes(data)
    judge_again(trusting_app, trust_folder)
    assert state(trusting) == GONE


def test_it_binds_where_claims_are_enough_without_an_anchor(
    make_app: AppMaker, trust_folder: Path
) -> None:
    app = make_app(TRUST_DIR=str(trust_folder), CMS_VALIDATION="structure", CLAIMS="accept")
    client = app.test_client()
    revoke(trust_folder)
    save(client, cms=people.cms(ivan()))
    assert state(client) == GONE
    for one in trust_folder.iterdir():
        one.unlink()
    assert run(app, "signers", "verify")[0] == 0
    assert state(client) == GONE


def forget_all(app: Flask) -> None:
    """Make the store as programs of before left it."""
    with engine_of(app).connect() as connection:
        connection.execute(delete(Revocation))


@pytest.mark.parametrize(
    ("then", "found"),
    [
        (lambda folder: (folder / "authority.crl").unlink(), GONE),
        (lambda folder: publish(folder, at=NOW - 2 * DAY), GONE),
        # It may have been a hold.
        (lambda folder: publish(folder, at=datetime.now(UTC) + timedelta(seconds=2)), VALID),
    ],
)
def test_a_refusal_from_before_revocations_were_noted_binds(
    trusting_app: Flask,
    trusting: FlaskClient,
    trust_folder: Path,
    then: Callable[[Path], None],
    found: tuple[str, str],
) -> None:
    revoke(trust_folder)
    save(trusting, cms=people.cms(ivan()))
    forget_all(trusting_app)
    then(trust_folder)
    judge_again(trusting_app, trust_folder)
    judge_again(trusting_app, trust_folder)
    assert state(trusting) == found


def test_statements_of_one_revocation_are_one_row(
    trusting_app: Flask, trusting: FlaskClient, trust_folder: Path
) -> None:
    for number in range(3):
        entry = Revoked(serial_of(ivan()), NOW - 2 * DAY)
        publish(trust_folder, entry, at=NOW - DAY + timedelta(minutes=number))
        save(trusting, thread=str(number), cms=people.cms(ivan()))
    with engine_of(trusting_app).connect() as connection:
        count = select(func.count()).select_from(Revocation)
        assert connection.execute(count).scalar_one() == 1
        newest = connection.execute(select(Revocation.this_update)).scalar_one()
    assert newest == NOW - DAY + timedelta(minutes=2)
    package(trusting, IVAN)
    (signing, *_) = trusting.get(f"/v1/persons/{IIN}/signings").get_json()
    assert signing["status"] == "created"
    assert len(rows(trusting, "with=signers")) == 3


@pytest.mark.parametrize("age", [timedelta(minutes=2), 30 * DAY])
def test_a_hold_that_one_sender_shows_refuses_no_other_signature(
    trusting_app: Flask, trusting: FlaskClient, trust_folder: Path, age: timedelta
) -> None:
    """Verified again, it was taken for a refusal of before revocations were noted."""
    save(trusting, cms=people.cms(ivan()))
    held = Revoked(serial_of(ivan()), NOW - 40 * DAY, HOLD)
    brought = pki.crl(pki.authority(), held, this_update=NOW - age, next_update=NOW + 150 * DAY)
    holders = [ivan(), pki.authority()]
    copy = pki.signed_data([pki.signer_info(ivan())], holders, pki.CONTENT, revocation=[brought])
    save(trusting, document="other", cms=b64encode(copy).decode())
    judge_again(trusting_app, trust_folder)
    judge_again(trusting_app, trust_folder)
    assert (
        rows(trusting, "document=doc&with=signers")[0]["signers"][0]["standing"]["state"] == "valid"
    )
    with engine_of(trusting_app).connect() as connection:
        noted = connection.execute(select(func.count()).select_from(Revocation)).scalar_one()
    assert noted == 0


def test_a_hold_that_a_later_signer_shows_refuses_no_earlier_one(trusting: FlaskClient) -> None:
    package_id = package(trusting, {"iin": CHIEF_IIN}, IVAN)
    save(trusting, cms=people.cms(chief()))
    held = Revoked(serial_of(chief()), NOW - 40 * DAY, HOLD)
    brought = pki.crl(
        pki.authority(), held, this_update=NOW - 30 * DAY, next_update=NOW + 150 * DAY
    )
    infos = [pki.signer_info(chief()), pki.signer_info(ivan())]
    holders = [chief(), ivan(), pki.authority()]
    both = pki.signed_data(infos, holders, pki.CONTENT, revocation=[brought])
    save(trusting, cms=b64encode(both).decode(), version=1)
    status = trusting.get(f"/packages/{package_id}/status").get_json()
    assert status["isExecuted"] is True
    assert {one["state"] for one in standings(trusting)} == {"valid"}


def test_a_revocation_that_is_proven_while_signers_are_read_again_stays_proven(
    trusting_app: Flask,
    trusting: FlaskClient,
    trust_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What it had read before was written over the refusal, until it was verified again."""
    package_id, engine = package(trusting), engine_of(trusting_app)
    save(trusting, cms=people.cms(ivan()))
    assert state(trusting) == VALID
    revoke(trust_folder)
    read_next = reindexing._read_next

    def read_and_prove(*given: Any) -> Any:
        """Prove it between the reading of the batch and its writing."""
        found = read_next(*given)
        if found is not None and state(trusting) == VALID:
            assert verified(trusting)["revocation"]["answer"] == "no"
            list(trusting_app.extensions["examiner"].examine())
            assert state(trusting) == GONE
        return found

    monkeypatch.setattr(reindexing, "_read_next", read_and_prove)
    assert [one.versions for one in reindexing.reindex(engine, everything=True)] == [1]
    assert state(trusting) == GONE
    assert reported(trusting, engine, package_id) == REFUSED
    # It waits to be verified again, as is everything that was read again.
    assert list(trusting_app.extensions["examiner"].examine()) == [1]
    assert state(trusting) == GONE
