"""Signed means verified: in packages, in signings of persons, in threads by their ids."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select, update

from app import auth
from app.api.ncanode.signatures import saving
from app.cms.algorithms.gost import implementations
from app.cms.parsing import parse
from app.extensions import db
from app.store.database.engine import transaction
from app.store.leases import take_lease
from app.store.models import Signature, Signer, Version
from app.store.signatures.standings import PENDING as PENDING_VALUE
from app.store.signatures.standings import judge
from app.trust import Trust
from app.trust.examiner import Examiner
from tests import pki
from tests.api import people
from tests.api.asking import content_of, filled, message_of, rows, save
from tests.api.people import CHIEF_IIN, IIN, chief, ivan
from tests.asking_tokens import bearer, make_token
from tests.cms.two_readings import text_of_two
from tests.conftest import AppMaker
from tests.cpu import allowed
from tests.gost_signer import GOST_2015_512
from tests.pki import CONTENT, NOT_BEFORE, Holder, profile
from tests.store.signings import IVANOV, signed_by
from tests.test_cli import run

IVAN, CHIEF = {"iin": IIN}, {"iin": CHIEF_IIN}
GOST = pki.gost_key("many", GOST_2015_512)
#: Seconds of CPU: reading takes 0.1, verifying took 22 without a bound, in plain Python.
BUDGET = 1.5


@pytest.fixture(name="trusting_app")
def app_with_an_anchor(make_app: AppMaker, trust_folder: Path) -> Flask:
    """Provide an application that trusts the authority, and demands nothing of what is saved."""
    return make_app(TRUST_DIR=str(trust_folder), CMS_VALIDATION="structure")


@pytest.fixture(name="trusting")
def client_of_a_trusting_server(trusting_app: Flask) -> FlaskClient:
    """Provide a client of that application."""
    return trusting_app.test_client()


def package(
    client: FlaskClient, *signers: dict[str, str], state: str = "open", **document: str
) -> str:
    """Add a package of one document."""
    given = {
        "name": "Loan",
        "type": "concurrent",
        "state": state,
        "thread": "main",
        "documents": [{"externalId": "doc", **document}],
        "signers": list(signers) or [IVAN],
    }
    public_id: str = client.post("/packages/add", json=given).get_json()["packageId"]
    return public_id


def reported(client: FlaskClient, engine: Engine, package_id: str = "main") -> dict[str, Any]:
    """Ask all three families whether the individual has signed."""
    status = client.get(f"/packages/{package_id}/status").get_json()
    listed = client.post("/packages/list", json={"isExecuted": True}).get_json()["total"]
    (signing,) = client.get(f"/v1/persons/{IIN}/signings").get_json()
    with engine.connect() as connection:
        public_id = connection.execute(select(Signature.public_id)).scalar_one()
    thread = client.get(f"/v1/signatures/{public_id}").get_json()
    (document,) = status["documents"]
    return {
        "state": status["state"],
        "executed": (status["isExecuted"], document["isExecuted"], listed),
        "signed": [one["isSigned"] for one in document["revisions"]],
        "solaris": (signing["status"], signing["state"], bool(signing["completed_at"])),
        "penbox": (thread["status"], thread["merge"]),
    }


SIGNED = {
    "state": "executed",
    "executed": (True, True, 1),
    "signed": [True],
    "solaris": ("finished", "successful", True),
    "penbox": ("completed", False),
}
PENDING = {
    "state": "open",
    "executed": (False, False, 0),
    "signed": [False],
    "solaris": ("pending", "pending", False),
    "penbox": ("pending", False),
}
#: A signature that is proven bad leaves the thread as if it were unsigned.
REFUSED = {**PENDING, "solaris": ("created", "created", False)}


def engine_of(app: Flask) -> Engine:
    with app.app_context():
        return db.engine


def examiner_of(app: Flask) -> Examiner:
    examiner: Examiner = app.extensions["examiner"]
    return examiner


def standings(client: FlaskClient) -> list[dict[str, str | None]]:
    """Ask what was found of the signers of all threads."""
    return [one["standing"] for row in rows(client, "with=signers") for one in row["signers"]]


def forget(engine: Engine) -> None:
    """Make rows as the program before this one left them."""
    with engine.connect() as connection:
        nothing = {"standing": None, "standing_reason": None, "judged_against": None}
        connection.execute(update(Signer).values(**nothing))


def test_a_verified_signature_counts_at_once(trusting_app: Flask, trusting: FlaskClient) -> None:
    package_id = package(trusting)
    save(trusting, cms=people.cms(ivan()))
    assert reported(trusting, engine_of(trusting_app), package_id) == SIGNED
    assert standings(trusting) == [{"state": "valid", "reason": None}]


def test_a_detached_signature_counts_without_its_content(
    trusting_app: Flask, trusting: FlaskClient
) -> None:
    package_id = package(trusting)
    save(trusting, cms=people.cms(ivan(), attached=False))
    assert reported(trusting, engine_of(trusting_app), package_id) == SIGNED


@pytest.mark.parametrize(
    "make",
    [people.forged_cms, people.altered_cms],
    ids=["value", "content"],
)
@pytest.mark.parametrize(
    ("claims", "anchored"),
    [("refuse", True), ("refuse", False), ("accept", True), ("accept", False)],
)
def test_a_forged_signature_executes_no_package(
    make_app: AppMaker, trust_folder: Path, make: Callable[..., str], claims: str, anchored: bool
) -> None:
    folder = trust_folder if anchored else trust_folder / "none"
    app = make_app(TRUST_DIR=str(folder), CMS_VALIDATION="structure", CLAIMS=claims)
    client = app.test_client()
    package_id = package(client)
    save(client, cms=make(ivan()))
    assert reported(client, engine_of(app), package_id) == REFUSED
    (standing,) = standings(client)
    assert standing["state"] == "refused"
    assert standing["reason"]


@pytest.mark.attacks
@pytest.mark.parametrize("junk", [300, 300_000])
def test_what_is_judged_is_what_was_read_when_it_was_saved(
    trusting_app: Flask, trusting: FlaskClient, junk: int
) -> None:
    engine = engine_of(trusting_app)
    package_id = package(trusting, CHIEF)
    text = text_of_two(chief(), ivan(), CONTENT, junk)
    save(trusting, cms=text)
    list(examiner_of(trusting_app).examine())
    forget(engine)
    list(examiner_of(trusting_app).examine())
    assert told_package(trusting, package_id) == (False, [False])
    assert standings(trusting)[0]["state"] == "refused"
    told = trusting.get("/signature/verify?document=doc&thread=main").get_json()
    (signer,) = told["content"]["verification"]["signers"]
    assert signer["claimed"]["iin"] == CHIEF_IIN
    assert signer["valid"]["answer"] == "no"


def test_another_signature_than_was_read_is_not_judged(
    trusting_app: Flask, trusting: FlaskClient
) -> None:
    """As where a newer program reads a text otherwise."""
    package_id, engine = package(trusting), engine_of(trusting_app)
    save(trusting, cms=people.cms(ivan()))
    forget(engine)
    with engine.connect() as connection:
        connection.execute(update(Version).values(signature_sha256="0" * 64))
    list(examiner_of(trusting_app).examine())
    assert reported(trusting, engine, package_id) == PENDING
    (standing,) = standings(trusting)
    assert standing["reason"] is not None
    assert "read otherwise" in standing["reason"]
    run(trusting_app, "signers", "reindex", "--all")
    assert reported(trusting, engine, package_id) == SIGNED


def test_a_self_made_certificate_does_not_count(trusting_app: Flask, trusting: FlaskClient) -> None:
    package_id = package(trusting)
    save(trusting, cms=people.cms(people.impostor()))
    found = reported(trusting, engine_of(trusting_app), package_id)
    assert found in (PENDING, REFUSED)
    (standing,) = standings(trusting)
    assert standing["state"] != "valid"


def test_who_was_revoked_by_then_has_not_signed(
    trusting_app: Flask, trusting: FlaskClient, trust_folder: Path
) -> None:
    people.publish(trust_folder, pki.Revoked(ivan().serial, NOT_BEFORE))
    package_id = package(trusting)
    save(trusting, cms=people.cms(ivan()))
    assert reported(trusting, engine_of(trusting_app), package_id) == REFUSED


def test_without_an_anchor_everyone_is_pending(make_app: AppMaker, tmp_path: Path) -> None:
    app = make_app(TRUST_DIR=str(tmp_path / "none"))
    client = app.test_client()
    package_id = package(client)
    save(client, cms=people.cms(ivan()))
    assert reported(client, engine_of(app), package_id) == PENDING
    reason = "no trust anchor is set up"
    assert standings(client) == [{"state": "pending", "reason": reason}]


def test_claims_count_where_settings_say_so(make_app: AppMaker, tmp_path: Path) -> None:
    app = make_app(TRUST_DIR=str(tmp_path / "none"), CLAIMS="accept")
    client = app.test_client()
    package_id = package(client)
    save(client, cms=people.cms(ivan()))
    assert reported(client, engine_of(app), package_id) == SIGNED
    assert standings(client)[0]["state"] == "pending"
    forget(engine_of(app))
    assert reported(client, engine_of(app), package_id) == SIGNED


def test_a_detached_content_whose_digest_proves_nothing_is_pending(trusting_app: Flask) -> None:
    trust: Trust = trusting_app.extensions["trust"]
    detached = parse(people.cms(ivan(), attached=False))
    (status,) = trust.verify(detached, at=NOT_BEFORE)
    assert judge(status, digest=pki.SHA256, anchored=True).value > 0
    now = replace(status, decisive_time=datetime.now(UTC))
    weak = judge(now, digest=pki.SHA1, anchored=True)
    assert (weak.value, str(weak.reason)[:5]) == (PENDING_VALUE, "SHA-1")
    assert judge(status, digest=None, anchored=True).value == PENDING_VALUE


def test_claims_don_t_count_beside_an_anchor(make_app: AppMaker, trust_folder: Path) -> None:
    app = make_app(TRUST_DIR=str(trust_folder), CLAIMS="accept")
    client = app.test_client()
    package_id = package(client)
    save(client, cms=people.cms(people.impostor()))
    assert reported(client, engine_of(app), package_id) in (PENDING, REFUSED)


def test_an_anchor_that_is_added_makes_signatures_count_after_the_pass(
    make_app: AppMaker, tmp_path: Path
) -> None:
    folder = tmp_path / "anchors"
    app = make_app(TRUST_DIR=str(folder))
    client, engine = app.test_client(), engine_of(app)
    package_id = package(client)
    save(client, cms=people.cms(ivan()))
    people.trust(folder, pki.authority())
    assert reported(client, engine, package_id) == PENDING
    assert list(examiner_of(app).examine()) == [1]
    assert reported(client, engine, package_id) == SIGNED
    assert list(examiner_of(app).examine()) == []


def test_an_anchor_that_is_removed_vouches_for_nothing_from_then_on(
    trusting_app: Flask, trusting: FlaskClient, trust_folder: Path
) -> None:
    package_id = package(trusting)
    save(trusting, cms=people.cms(ivan()))
    (trust_folder / "0.cer").unlink()
    engine = engine_of(trusting_app)
    assert reported(trusting, engine, package_id) == PENDING
    reason = "the anchor that was reached is no longer trusted"
    assert standings(trusting) == [{"state": "pending", "reason": reason}]
    list(examiner_of(trusting_app).examine())
    assert standings(trusting)[0]["reason"] == "no trust anchor is set up"


def test_an_anchor_more_takes_nothing_away_meanwhile(
    trusting_app: Flask, trusting: FlaskClient, trust_folder: Path
) -> None:
    package_id = package(trusting)
    save(trusting, cms=people.cms(ivan()))
    (trust_folder / "more.cer").write_bytes(people.impostor_authority().certificate)
    assert reported(trusting, engine_of(trusting_app), package_id) == SIGNED
    assert list(examiner_of(trusting_app).examine()) == [1]
    assert reported(trusting, engine_of(trusting_app), package_id) == SIGNED


def test_rows_of_before_wait_and_are_verified(trusting_app: Flask, trusting: FlaskClient) -> None:
    package_id, engine = package(trusting), engine_of(trusting_app)
    save(trusting, cms=people.cms(ivan(), stamped=True))
    forget(engine)
    assert reported(trusting, engine, package_id) == PENDING
    assert standings(trusting) == [{"state": "pending", "reason": "it was not verified yet"}]
    assert "signers to verify: 1\n" in run(trusting_app, "stats")[1]
    told_by_command = "signers to verify: 1\nversions verified: 1\n"
    assert run(trusting_app, "signers", "verify") == (0, told_by_command)
    assert reported(trusting, engine, package_id) == SIGNED
    assert "signers to verify: 0\n" in run(trusting_app, "stats")[1]


def test_reading_again_verifies_again(trusting_app: Flask, trusting: FlaskClient) -> None:
    package_id, engine = package(trusting), engine_of(trusting_app)
    save(trusting, cms=people.cms(ivan()))
    with engine.connect() as connection:
        connection.execute(update(Signer).values(standing=-1, standing_reason="mistaken"))
    assert reported(trusting, engine, package_id) == REFUSED
    run(trusting_app, "signers", "reindex", "--all")
    assert reported(trusting, engine, package_id) == SIGNED


def test_what_takes_long_is_left_to_the_background(
    trusting_app: Flask, trusting: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving, "QUICK_SIGNERS", 0)
    package_id, engine = package(trusting), engine_of(trusting_app)
    save(trusting, document="other", cms=people.cms(chief()))
    forget(engine)
    save(trusting, cms=people.cms(ivan()))
    assert told_package(trusting, package_id) == (False, [False])
    assert list(examiner_of(trusting_app).examine()) == [2]
    assert told_package(trusting, package_id) == (True, [True])


def told_package(client: FlaskClient, package_id: str) -> tuple[bool, list[bool]]:
    """Ask the one family alone, where there are several threads."""
    status = client.get(f"/packages/{package_id}/status").get_json()
    signed = [one["isSigned"] for one in status["documents"][0]["revisions"]]
    return status["isExecuted"], signed


def test_a_large_signature_and_gost_in_plain_python_are_left_to_the_background(
    trusting: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving, "QUICK_SIZE", 10)
    save(trusting, document="large", cms=people.cms(ivan()))
    assert standings(trusting)[0]["state"] == "pending"
    monkeypatch.undo()
    monkeypatch.setattr(implementations, "CURVES", implementations.PLAIN_CURVES)
    save(trusting, document="rsa", cms=people.cms(ivan()))
    assert standings(trusting)[0]["state"] == "valid"


@pytest.mark.attacks
def test_a_save_of_many_signers_with_gost_verifies_none_of_them(trusting: FlaskClient) -> None:
    authority = pki.certify(pki.name("GOST"), GOST, None, pki.AUTHORITY)
    signers = [pki.certify(pki.name(str(number)), GOST, authority, []) for number in range(256)]
    infos = [pki.signer_info(signer) for signer in signers]
    cms = people.text(pki.read(pki.signed_data(infos, [*signers, authority], CONTENT)))
    began = time.process_time()
    save(trusting, cms=cms)
    assert time.process_time() - began < allowed(BUDGET)
    assert {standing["state"] for standing in standings(trusting)} == {"pending"}


def test_what_needs_the_content_counts_if_it_came_along(
    trusting_app: Flask, trusting: FlaskClient, trust_folder: Path
) -> None:
    (trust_folder / "another.cer").write_bytes(profile.authority().certificate)
    cms = signed_by(IVANOV, attached=False, timed=False)
    package_id, engine = package(trusting), engine_of(trusting_app)
    save(trusting, cms=cms)
    assert reported(trusting, engine, package_id) == PENDING
    save(trusting, cms=cms, version=1, data=b64encode(b"content").decode())
    assert reported(trusting, engine, package_id) == SIGNED
    with engine.connect() as connection:
        connection.execute(update(Signer).values(judged_against=None))
    list(examiner_of(trusting_app).examine())
    assert reported(trusting, engine, package_id) == SIGNED


@pytest.mark.parametrize(
    ("digest", "attached", "counts"),
    [
        (sha256(CONTENT).hexdigest(), True, True),
        (sha256(CONTENT).hexdigest().upper(), False, True),
        (sha256(b"another").hexdigest(), True, False),
        (sha256(b"another").hexdigest(), False, False),
    ],
)
def test_a_signature_over_another_document_does_not_count(
    trusting_app: Flask, trusting: FlaskClient, digest: str, attached: bool, counts: bool
) -> None:
    package_id = package(trusting, sha256=digest)
    save(trusting, cms=people.cms(ivan(), attached=attached))
    found = reported(trusting, engine_of(trusting_app), package_id)
    assert found["state"] == ("executed" if counts else "open")
    assert found["executed"] == ((True, True, 1) if counts else (False, False, 0))
    assert found["signed"] == [counts]
    assert found["penbox"][0] == ("completed" if counts else "pending")
    assert found["solaris"][0] == ("finished" if counts else "pending")


def another_document() -> bytes:
    return pki.signer_info(ivan(), b"another")


@pytest.mark.attacks
@pytest.mark.parametrize(
    ("info", "certificate", "status"),
    [
        (lambda: pki.signer_info(people.impostor()), people.impostor, "pending"),
        (lambda: pki.signer_info(ivan(), sign=b"another"), ivan, "failed"),
        (another_document, ivan, "pending"),
    ],
)
@pytest.mark.parametrize("sha", [{}, {"sha256": sha256(CONTENT).hexdigest()}])
def test_what_others_finished_is_not_finished_by_a_person_who_did_not_sign(
    trusting: FlaskClient,
    info: Callable[[], bytes],
    certificate: Callable[[], Holder],
    status: str,
    sha: dict[str, str],
) -> None:
    package(trusting, CHIEF, **sha)
    holders = [certificate(), chief(), pki.authority()]
    detached = pki.signed_data([pki.signer_info(chief()), info()], holders, None)
    save(trusting, cms=b64encode(detached).decode())
    found = {
        iin: trusting.get(f"/v1/persons/{iin}/signings").get_json()[0] for iin in (IIN, CHIEF_IIN)
    }
    assert (found[CHIEF_IIN]["status"], found[CHIEF_IIN]["state"]) == ("finished", "successful")
    assert (found[IIN]["status"], found[IIN]["state"]) == (status, status)
    assert [found[IIN][name] for name in ("completed_at", "identification_id")] == [None] * 2


def test_a_digest_that_is_none_is_refused_by_name(trusting: FlaskClient) -> None:
    given = {"externalId": "doc", "sha256": "none"}
    answer = trusting.post(
        "/packages/add",
        json={"name": "P", "type": "concurrent", "documents": [given], "signers": [IVAN]},
    )
    assert answer.status_code == 400
    assert "documents[0].sha256" in answer.get_json()["message"]


def test_threads_without_a_package_count_whom_verification_knows(
    trusting_app: Flask, trusting: FlaskClient
) -> None:
    save(trusting, cms=people.cms(ivan(), chief()))
    engine = engine_of(trusting_app)
    found = reported(trusting, engine)
    assert found["signed"] == [True, True]
    assert found["penbox"] == ("completed", True)
    assert found["solaris"] == ("finished", "successful", True)
    with engine.connect() as connection:
        connection.execute(update(Signer).where(Signer.number == 1).values(standing=-1))
    found = reported(trusting, engine)
    assert found["signed"] == [False, True]
    assert found["penbox"] == ("pending", False)
    assert found["solaris"] == ("failed", "failed", False)


def test_a_pass_that_was_killed_is_gone_on_with(
    trusting_app: Flask, trusting: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving, "QUICK_SIGNERS", 0)
    engine, examiner = engine_of(trusting_app), examiner_of(trusting_app)
    save(trusting, cms=people.cms(ivan()))
    with transaction(engine) as connection:
        assert take_lease(connection, "verify", "killed", 0.5)
        assert not take_lease(connection, "verify", "other", 60)
    # The background leaves the work to who has the lease; a command doesn't wait.
    assert list(examiner.examine(calm=0.01)) == []
    with transaction(engine) as connection:
        assert take_lease(connection, "verify", "killed", -1)
    assert list(examiner.examine(calm=0.01)) == [1]
    assert standings(trusting)[0]["state"] == "valid"


def test_a_bound_token_neither_begins_nor_changes_what_a_package_asks_for(
    make_app: AppMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "BELIEVED_MISSING", 0.0)
    app = make_app(AUTH="on")
    client = app.test_client()
    office = bearer(make_token(app, "office", "read", "write", "delete"))
    bound = bearer(make_token(app, "bound", "read", "write", "delete", tag_prefix="b:"))
    given = filled(tags=["b:1"])
    answers = client.post("/signature", json=given, headers=bound)
    content_of(answers, 201)
    package_of = {
        "name": "P",
        "type": "concurrent",
        "state": "open",
        "thread": "main",
        "documents": [{"externalId": "doc"}, {"externalId": "new"}],
        "signers": [IVAN],
    }
    added = client.post("/packages/add", json=package_of, headers=office).get_json()
    for document, version in (("doc", 1), ("new", None)):
        given = filled(document=document, version=version, tags=["b:1"])
        refused = client.post("/signature", json=given, headers=bound)
        assert message_of(refused, 404) == "Signature was not found"
    asked = {"document": "doc", "thread": "main"}
    refused = client.delete("/signature", query_string=asked, headers=bound)
    assert message_of(refused, 404) == "Signature was not found"
    content_of(client.get("/signature", query_string=asked, headers=bound))
    rescind = {"packageId": added["packageId"]}
    assert client.post("/packages/rescind", json=rescind, headers=office).status_code == 200
    given = filled(document="new", tags=["b:1"])
    content_of(client.post("/signature", json=given, headers=bound), 201)


def test_a_package_that_is_not_there_is_not_reported_to_have_been_signed(
    trusting: FlaskClient,
) -> None:
    assert trusting.get(f"/packages/{uuid4()}/status").status_code == 404
