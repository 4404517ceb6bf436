"""One hash function has several identifiers, and nothing that is signed says which one is named."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from typing import TypedDict

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select, update

from app.extensions import db
from app.store.database.engine import transaction
from app.store.models import Signature, Signer
from tests import pki
from tests.api.asking import filled, rows, save
from tests.api.people import CHIEF_IIN, IIN, chief, ivan
from tests.api.test_signed import app_with_an_anchor, client_of_a_trusting_server, package
from tests.conftest import AppMaker
from tests.gost_signer import GOST_2004, GOST_2015_256, GOST_2015_512, Kind
from tests.pki import CONTENT, Holder
from tests.test_cli import run

__all__ = ["app_with_an_anchor", "client_of_a_trusting_server"]

SIGNERS = ({"iin": CHIEF_IIN}, {"iin": IIN})
OTHER = b"quite another document"
#: Each kind, and the other identifier of its digest.
KINDS = [
    (GOST_2015_512, "1.2.643.7.1.1.2.3"),
    (GOST_2015_256, "1.2.643.7.1.1.2.2"),
    (GOST_2004, "1.2.398.3.10.1.3.1.1.0"),
]


class Reported(TypedDict):
    """Who signed one document, by all three families and by a verification."""

    signed: list[bool]
    merge: bool
    ivan: str
    noted: list[bool]


@cache
def by_gost(who: Holder, kind: Kind) -> Holder:
    key = pki.gost_key(f"{who.subject!r}", kind)
    return pki.certify(who.subject, key, pki.authority(), list(pki.PERSON))


def named(who: Holder, kind: Kind, name: str, content: bytes = CONTENT) -> bytes:
    """Return a SignerInfo by a name of its digest; what is signed is the same by each name."""
    return pki.signer_info(by_gost(who, kind), content, digest=name)


def joined(kind: Kind, *infos: bytes, content: bytes | None = None) -> str:
    names = [pki.SHA256, kind.digest, dict(KINDS)[kind]]
    holders = [by_gost(chief(), kind), by_gost(ivan(), kind), ivan(), chief(), pki.authority()]
    return b64encode(pki.signed_data(list(infos), holders, content, digests=names)).decode()


def signed(client: FlaskClient, app: Flask, thread: str = "main") -> Reported:
    """Ask all three families, and a verification, who signed one document."""
    status = client.get(f"/packages/{thread}/status").get_json()
    (signing,) = client.get(f"/v1/persons/{IIN}/signings").get_json()
    with app.app_context(), db.engine.connect() as connection:
        public_id = connection.execute(select(Signature.public_id)).scalar_one()
    address = {"document": "doc", "thread": "main"}
    verified = client.get("/signature/verify", query_string=address).get_json()
    notes = [one["valid"]["reasons"] for one in verified["content"]["verification"]["signers"]]
    return {
        "signed": [one["isSigned"] for one in status["documents"][0]["revisions"]],
        "merge": client.get(f"/v1/signatures/{public_id}").get_json()["merge"],
        "ivan": signing["status"],
        "noted": ["another document" in " ".join(one) for one in notes],
    }


APART: Reported = {
    "signed": [True, False],
    "merge": False,
    "ivan": "pending",
    "noted": [False, True],
}
TOGETHER: Reported = {
    "signed": [True, True],
    "merge": True,
    "ivan": "finished",
    "noted": [False, False],
}


@pytest.mark.attacks
@pytest.mark.parametrize(("kind", "name"), KINDS)
@pytest.mark.parametrize("is_other", [True, False])
def test_a_digest_is_compared_by_any_of_its_names(
    trusting_app: Flask, trusting: FlaskClient, kind: Kind, name: str, is_other: bool
) -> None:
    own = named(ivan(), kind, name, OTHER if is_other else CONTENT)
    first = pki.signer_info(by_gost(chief(), kind))
    save(trusting, cms=joined(kind, first, own))
    assert signed(trusting, trusting_app) == (APART if is_other else TOGETHER)


@pytest.mark.attacks
@pytest.mark.parametrize("is_other", [True, False])
def test_rows_of_before_are_compared_as_well(
    trusting_app: Flask, trusting: FlaskClient, is_other: bool
) -> None:
    kind, name = KINDS[0]
    own = named(ivan(), kind, name, OTHER if is_other else CONTENT)
    first = pki.signer_info(by_gost(chief(), kind))
    save(trusting, cms=joined(kind, first, own))
    package_id = package(trusting, *SIGNERS)
    with trusting_app.app_context():
        store_name(db.engine, 2, name)
    expected = APART if is_other else TOGETHER
    assert signed(trusting, trusting_app, package_id)["signed"] == expected["signed"]
    listed = trusting.post("/packages/list", json={"isExecuted": True}).get_json()["total"]
    assert listed == all(expected["signed"])


def store_name(engine: Engine, number: int, name: str) -> None:
    """Store the identifier of a digest as programs of before did: as the signature has it."""
    with transaction(engine) as connection:
        changed = update(Signer).where(Signer.number == number).values(digest_algorithm=name)
        assert connection.execute(changed).rowcount == 1


@pytest.mark.attacks
@pytest.mark.parametrize(("kind", "name"), KINDS)
def test_the_guard_compares_by_any_name(make_app: AppMaker, kind: Kind, name: str) -> None:
    client = make_app(COSIGN_GUARD="refuse").test_client()
    own = named(ivan(), kind, kind.digest)
    save(client, cms=joined(kind, own))
    for label in (kind.digest, name):
        other = named(ivan(), kind, label, OTHER)
        answer = client.post("/signature", json=filled(cms=joined(kind, other), version=1))
        assert answer.status_code == 400
        # Beside one who goes on to sign the same, too.
        both = joined(kind, other, own)
        answer = client.post("/signature", json=filled(cms=both, version=1))
        assert answer.status_code == 400
    same = named(ivan(), kind, name)
    answer = client.post("/signature", json=filled(cms=joined(kind, same), version=1))
    assert answer.status_code == 201


@pytest.mark.attacks
@pytest.mark.parametrize("is_kept", [True, False])
def test_what_was_compared_is_taken_over_by_any_name(trusting: FlaskClient, is_kept: bool) -> None:
    kind, name = KINDS[0]
    package_id = package(trusting, {"iin": IIN}, sha256=sha256(CONTENT).hexdigest())
    save(trusting, cms=joined(kind, named(ivan(), kind, kind.digest), content=CONTENT))
    after = named(ivan(), kind, kind.digest if is_kept else name)
    save(trusting, cms=joined(kind, after), version=1)
    status = trusting.get(f"/packages/{package_id}/status").get_json()
    assert status["isExecuted"]


@pytest.mark.attacks
@pytest.mark.parametrize("is_other", [True, False])
@pytest.mark.parametrize("is_chief_first", [True, False])
def test_digests_by_two_functions_show_no_common_document(
    trusting_app: Flask, trusting: FlaskClient, is_other: bool, is_chief_first: bool
) -> None:
    kind = GOST_2015_512
    infos = [
        pki.signer_info(by_gost(chief(), kind)),
        pki.signer_info(ivan(), OTHER if is_other else CONTENT),
    ]
    infos = infos if is_chief_first else infos[::-1]
    package_id = package(trusting, *SIGNERS)
    save(trusting, cms=joined(kind, *infos))
    assert by_status(trusting, package_id) == [is_chief_first, not is_chief_first]
    address = {"document": "doc", "thread": "main"}
    verified = trusting.get("/signature/verify", query_string=address).get_json()
    reasons = [one["valid"]["reasons"] for one in verified["content"]["verification"]["signers"]]
    said = "nothing shows that it is over the same document as the signature of signer 1"
    assert [said in " ".join(one) for one in reasons] == [False, True]
    assert run(trusting_app, "signers", "reindex", "--all")[0] == 0
    assert run(trusting_app, "signers", "verify")[0] == 0
    assert by_status(trusting, package_id) == [is_chief_first, not is_chief_first]


def by_status(client: FlaskClient, package_id: str) -> list[bool]:
    status = client.get(f"/packages/{package_id}/status").get_json()
    listed = client.post("/packages/list", json={"isExecuted": True}).get_json()["total"]
    found = [one["isSigned"] for one in status["documents"][0]["revisions"]]
    assert listed == all(found)
    return found


@pytest.mark.parametrize("how", ["attached", "sent", "before", "by the other"])
def test_a_document_that_is_known_joins_digests_by_two_functions(
    trusting: FlaskClient, how: str
) -> None:
    kind = GOST_2015_512
    first, own = pki.signer_info(by_gost(chief(), kind)), pki.signer_info(ivan())
    package_id = package(trusting, *SIGNERS)
    data = {"data": b64encode(CONTENT).decode()}
    if how == "attached":
        save(trusting, cms=joined(kind, first, own, content=CONTENT))
    elif how == "sent":
        save(trusting, cms=joined(kind, first, own), **data)
    elif how == "before":
        save(trusting, cms=joined(kind, first), **data)
        save(trusting, cms=joined(kind, first, own), version=1)
    else:
        save(trusting, cms=joined(kind, own))
        save(trusting, cms=joined(kind, first, own), version=1, **data)
    assert by_status(trusting, package_id) == [True, True]


@pytest.mark.attacks
def test_who_goes_on_to_sign_the_document_by_another_function_keeps_it(
    trusting: FlaskClient,
) -> None:
    kind = GOST_2015_512
    package_id = package(trusting, *SIGNERS)
    gost = pki.signer_info(by_gost(chief(), kind))
    save(trusting, cms=joined(kind, gost, content=CONTENT))
    other = pki.signer_info(ivan(), OTHER)
    both = filled(cms=joined(kind, other, pki.signer_info(chief())), version=1)
    answer = trusting.post("/signature", json=both)
    assert len(answer.get_json()["content"]["warnings"]) == 1, "one of them signed something else"
    assert by_status(trusting, package_id) == [True, False]
    assert [one["standing"]["state"] for one in rows(trusting, "with=signers")[0]["signers"]] == [
        "valid",
        "valid",
    ]
