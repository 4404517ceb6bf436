"""A revocation that anything here has proven binds everything here: standings, evidence, cards."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, event, func, select, text
from sqlalchemy.engine.interfaces import DBAPICursor

from app import background
from app.api.ncanode.signatures import saving
from app.store.models import Revocation, Signer
from app.store.signatures.standings import LEFT
from tests import pki
from tests.api.asking import content_of, message_of, save
from tests.api.evident import (
    NAMED,
    answers,
    app_with_evidence,
    client_with_evidence,
    evidence_of,
    sign,
    work,
)
from tests.api.evident import text as encoded
from tests.api.test_signed import IVAN, engine_of, package, standings
from tests.conftest import AppMaker
from tests.evidence.services import Services, now
from tests.pki import Revoked
from tests.test_cli import run

__all__ = ["app_with_evidence", "client_with_evidence"]

pytestmark = pytest.mark.attacks

DAY = timedelta(days=1)


def revoke(services: Services) -> Revoked:
    """Have the authority say that the person was revoked two days ago."""
    serial = services.person.serial
    entry = services.revoked[serial] = Revoked(serial, now() - 2 * DAY, 1)
    services.serve_lists()
    return entry


def state(app: Flask, client: FlaskClient) -> str | None:
    """Return the standing of the only signer, once the background has done its work."""
    assert run(app, "signers", "verify")[0] == 0
    (standing,) = standings(client)
    return standing["state"]


def is_executed(client: FlaskClient, package_id: str) -> bool:
    executed: bool = client.get(f"/packages/{package_id}/status").get_json()["isExecuted"]
    return executed


def revocation(client: FlaskClient) -> str:
    """Return what `GET /signature/verify` says of the revocation of the only signer."""
    answer = content_of(client.get("/signature/verify", query_string=NAMED))
    found: str = answer["verification"]["signers"][0]["revocation"]["answer"]
    return found


def count_noted(app: Flask) -> int:
    with engine_of(app).connect() as connection:
        return connection.execute(select(func.count()).select_from(Revocation)).scalar_one()


def publish(folder: Path, services: Services, *revoked: Revoked) -> Path:
    """Put a CRL of the authority into the operator's folder."""
    path = folder / "trust" / "nca.crl"
    begin, end = now() - timedelta(hours=1), now() + DAY
    path.write_bytes(pki.crl(services.authority, *revoked, this_update=begin, next_update=end))
    return path


def test_a_signer_does_not_count_once_the_worker_has_the_proof(
    app: Flask, client: FlaskClient, services: Services
) -> None:
    revoke(services)
    package_id = package(client, IVAN)
    save(client, cms=encoded(sign(services)))
    assert is_executed(client, package_id)
    work(app)
    assert evidence_of(client)["state"] == "impossible"
    assert count_noted(app) == 1
    services.site.answers.clear()
    assert state(app, client) == "refused"
    assert not is_executed(client, package_id)
    with engine_of(app).connect() as connection:
        assert connection.execute(select(Signer.judged_against)).scalar_one() not in (None, LEFT)


def test_what_an_earlier_worker_has_kept_counts_when_all_is_read_again(
    app: Flask, client: FlaskClient, services: Services
) -> None:
    revoke(services)
    save(client, cms=encoded(sign(services)))
    with engine_of(app).connect() as connection:
        before = connection.execute(select(Signer.standing, Signer.judged_against)).one()
    work(app)
    with engine_of(app).connect() as connection:
        connection.execute(delete(Revocation))
        connection.execute(
            text("UPDATE signers SET standing = :standing, judged_against = :judged_against"),
            before._asdict(),
        )
    assert state(app, client) == "valid"
    assert run(app, "signers", "reindex", "--all")[0] == 0
    assert state(app, client) == "refused"
    assert count_noted(app) == 1


@pytest.mark.parametrize("evidence", ["off", "queue"])
def test_what_an_authority_answers_to_a_verification_binds(
    make_app: AppMaker, services: Services, tmp_path: Path, evidence: str
) -> None:
    app = make_app(**services.settings(tmp_path, REVOCATION="online", EVIDENCE=evidence))
    client = app.test_client()
    revoke(services)
    save(client, cms=encoded(sign(services)))
    assert state(app, client) == "valid"
    assert revocation(client) == "no"
    assert state(app, client) == "refused"


@pytest.mark.parametrize("by_command", [True, False])
def test_a_verification_that_says_no_is_not_forgotten(
    app: Flask, client: FlaskClient, services: Services, tmp_path: Path, by_command: bool
) -> None:
    save(client, cms=encoded(sign(services)))
    assert state(app, client) == "valid"
    publish(tmp_path, services, Revoked(services.person.serial, now() - 2 * DAY, 1))
    if by_command:
        assert run(app, "verify", "--document", "doc", "--thread", "main")[0] == 1
    else:
        assert revocation(client) == "no"
    publish(tmp_path, services)
    assert revocation(client) == "no"
    assert state(app, client) == "refused"


def test_a_read_writes_only_what_is_new(
    app: Flask, client: FlaskClient, services: Services, tmp_path: Path
) -> None:
    publish(tmp_path, services, Revoked(services.person.serial, now() - 2 * DAY, 1))
    save(client, cms=encoded(sign(services)))
    written: list[str] = []

    def listen(_connection: object, _cursor: DBAPICursor, statement: str, *_more: object) -> None:
        if not statement.lstrip().upper().startswith(("SELECT", "PRAGMA", "WITH", "BEGIN")):
            written.append(statement)

    engine = engine_of(app)
    event.listen(engine, "before_cursor_execute", listen)
    try:
        assert revocation(client) == "no"
        assert [one for one in written if "revocations" in one or "signers" in one] == []
    finally:
        event.remove(engine, "before_cursor_execute", listen)


def test_a_database_that_takes_no_writes_is_read_all_the_same(
    app: Flask,
    client: FlaskClient,
    services: Services,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    save(client, cms=encoded(sign(services)))
    publish(tmp_path, services, Revoked(services.person.serial, now() - 2 * DAY, 1))
    engine = engine_of(app)
    is_sqlite = engine.dialect.name == "sqlite"
    closed = "PRAGMA query_only=on" if is_sqlite else "SET default_transaction_read_only = on"

    def close(connection: object, *_more: object) -> None:
        connection.cursor().execute(closed)  # type: ignore[attr-defined]  # any driver's

    event.listen(engine, "checkout", close)
    try:
        assert revocation(client) == "no"
    finally:
        event.remove(engine, "checkout", close)
        engine.dispose()
    assert "a revocation could not be noted" in caplog.text
    assert count_noted(app) == 0


def test_evidence_forms_and_card_follow_what_was_proven(
    app: Flask, client: FlaskClient, services: Services, tmp_path: Path
) -> None:
    """The responder forgets the revocation, and the CRL that proved it has gone."""
    path = publish(tmp_path, services, Revoked(services.person.serial, now() - 2 * DAY, 1))
    save(client, cms=encoded(sign(services)))
    path.unlink()
    work(app)
    found = evidence_of(client)
    assert found["state"] == "impossible"
    assert "was revoked on" in found["signers"][0]["reasons"][0]
    assert_no_form(client)


def test_evidence_that_was_complete_proves_nothing_against_what_was_proven_later(
    app: Flask, client: FlaskClient, services: Services, tmp_path: Path
) -> None:
    save(client, cms=encoded(sign(services)))
    work(app)
    assert set(answers(evidence_of(client)["levels"]).values()) == {"yes"}
    path = publish(tmp_path, services, Revoked(services.person.serial, now() - 2 * DAY, 1))
    assert revocation(client) == "no"
    path.unlink()
    levels = answers(evidence_of(client)["levels"])
    assert (levels["LT"], levels["LTA"]) == ("no", "no")
    assert_no_form(client)


def assert_no_form(client: FlaskClient) -> None:
    for profile in ("LT", "ddcard", "evidence"):
        asked = {**NAMED, "profile": profile}
        assert message_of(client.get("/signature/file", query_string=asked), 409), profile
    assert message_of(client.get("/signature/card", query_string=NAMED), 409)


def test_a_save_that_requires_evidence_is_refused_for_what_was_proven(
    make_app: AppMaker, services: Services, tmp_path: Path
) -> None:
    queueing = make_app(**services.settings(tmp_path))
    path = publish(tmp_path, services, Revoked(services.person.serial, now() - 2 * DAY, 1))
    save(queueing.test_client(), cms=encoded(sign(services)))
    path.unlink()
    client = make_app(**services.settings(tmp_path, EVIDENCE="require")).test_client()
    sent = {"document": "other", "thread": "main", "cms": encoded(sign(services))}
    assert "was revoked on" in message_of(client.post("/signature", json=sent))
    assert message_of(client.get("/signature", query_string={**NAMED, "document": "other"}), 404)


def test_the_tokens_of_an_authority_that_was_proven_revoked_are_not_kept(
    app: Flask, client: FlaskClient, services: Services, tmp_path: Path
) -> None:
    """A compromised key of a timestamp authority is remembered, whatever its responder says."""
    path = publish(tmp_path, services, Revoked(services.tsa.serial, now() - 2 * DAY, 1))
    save(client, cms=encoded(sign(services, is_stamped=True)))
    assert count_noted(app) == 1
    path.unlink()
    work(app)
    found = evidence_of(client)
    assert found["state"] == "pending"
    assert "was revoked on" in found["reasons"][0]
    services.rotate_stamper("TSA 2")
    assert work(app, "retry") is not None
    work(app)
    assert evidence_of(client)["state"] == "complete"


def test_the_next_authority_is_asked_if_the_key_above_one_was_exposed_by_another_certificate(
    make_app: AppMaker, services: Services, tmp_path: Path
) -> None:
    """What is noted of one certificate speaks against the key, which has a new one by now."""
    own, above = services.tsa, (*pki.AUTHORITY, pki.crl_at(services.site.url("/root.crl")))
    key, title = pki.rsa_key("TSA CA"), pki.name("TSA CA")
    exposed, renewed = (
        pki.certify(title, key, services.root, above, serial=serial) for serial in (2**60, 2**61)
    )
    folder = services.trust(tmp_path / "trust") / "intermediates"
    folder.mkdir()
    services.tsa = pki.certify(pki.name("TSA"), pki.rsa_key("TSA"), exposed, pki.STAMPER)
    (folder / "stampers.pem").write_text(pki.pem(exposed.certificate, "CERTIFICATE"))
    begin, end = now() - timedelta(hours=1), now() + DAY
    entry = Revoked(exposed.serial, now() - 2 * DAY, 1)
    path = folder.parent / "root.crl"
    path.write_bytes(pki.crl(services.root, entry, this_update=begin, next_update=end))
    addresses = f"{services.site.url('/former')} {services.site.url('/tsp')}"
    app = make_app(**services.settings(tmp_path, TSA_URL=addresses))
    client = app.test_client()
    save(client, cms=encoded(sign(services, is_stamped=True)), document="before")
    assert count_noted(app) == 1
    path.unlink()
    (folder / "stampers.pem").write_text(pki.pem(renewed.certificate, "CERTIFICATE"))
    former = pki.certify(pki.name("TSA"), pki.rsa_key("TSA"), renewed, pki.STAMPER)
    services.tsa = own
    services.serve_former("/former", former)
    save(client, cms=encoded(sign(services)))
    work(app)
    assert evidence_of(client)["state"] == "complete"


@pytest.mark.parametrize("by", ["verification", "worker"])
def test_what_is_proven_while_the_background_verifies_is_not_overwritten(
    make_app: AppMaker,
    services: Services,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    by: str,
) -> None:
    """It verified without knowing, and wrote "valid" over what was refused meanwhile, for good."""
    more = {"REVOCATION": "online", "EVIDENCE": "off"} if by == "verification" else {}
    app = make_app(**services.settings(tmp_path, **more))
    client = app.test_client()
    revoke(services)
    # More signers than are verified at once.
    monkeypatch.setattr(saving, "QUICK_SIGNERS", 0)
    package_id = package(client)
    save(client, cms=encoded(sign(services)), **NAMED)
    proven: list[object] = []

    def prove(_seconds: float) -> bool:
        """Prove it between the verification and what is written of it."""
        if not proven:
            proven.append(revocation(client) if by == "verification" else work(app))
            assert count_noted(app) == 1
        return True

    monkeypatch.setattr(background, "pause", prove)
    assert sum(app.extensions["examiner"].examine(2.0)) == 1
    assert proven
    assert state(app, client) == "refused"
    assert not is_executed(client, package_id)
