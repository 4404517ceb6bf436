"""The packages of the office: who is asked, who signed, who declined, before anybody has signed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.extensions import db
from app.store.database.engine import transaction
from app.store.packages.decisions import DECLINED, REVOKED, decide
from app.web.addresses import MOST
from app.web.packages_page import FEW, MANY, ROWS
from tests.api import people
from tests.api.asking import filled, save
from tests.asking_tokens import bearer, make_token
from tests.store.packages import OPENED, put_package
from tests.store.test_statements import counted_statements
from tests.web.browsing import see, sign_in, words

IVAN = {"iin": people.IIN, "last_name": "ИВАНОВ", "first_name": "ИВАН"}
CHIEF = {"iin": people.CHIEF_IIN, "bin": people.BIN, "role": "CEO", "last_name": "ПЕТРОВА"}


def put(app: Flask, *signers: dict[str, Any], **columns: Any) -> str:
    """Put a package into the store of an application."""
    with app.app_context():
        return put_package(db.engine, signers=signers or (IVAN, CHIEF), **columns)


def decided(
    app: Flask, signer: int, kind: str, reason: str | None = None, package: int = 1
) -> None:
    """Keep what a signer of a package decided."""
    with app.app_context(), transaction(db.engine) as connection:
        decide(connection, package, signer, kind, reason)


def test_a_package_is_seen_before_anybody_has_signed(either: Flask) -> None:
    office = either.test_client()
    assert "There is none." in words(see(office, "/app/packages"))
    public_id = put(either, name="Loan 7", member="bank")
    html = see(office, "/app/packages")
    assert f'href="/app/package?id={public_id}"' in html
    text = words(html)
    assert "Loan 7 waits for signatures" in text
    assert "ИВАНОВ ИВАН has not signed yet" in text
    assert "name of doc signed by 0 of 2" in text
    text = words(see(office, f"/app/package?id={public_id}"))
    assert f"IIN {people.CHIEF_IIN} BIN {people.BIN} Role head of the organisation" in text
    assert "Nobody has signed it yet." in text
    assert "token bank" in text
    html = see(office, "/app/thread?document=doc&thread=main")
    assert "Nobody has signed it yet." in words(html)
    assert f'href="/app/package?id={public_id}"' in html
    see(office, "/app/thread?document=doc&thread=main&before=7", 404)


def test_who_signed_and_who_declined_is_told(either: Flask) -> None:
    office = either.test_client()
    public_id = put(either)
    save(office, cms=people.cms(people.ivan()))
    decided(either, 2, DECLINED, "Not <mine>")
    decided(either, 2, REVOKED)
    for address in ("/app/packages", f"/app/package?id={public_id}"):
        html = see(office, address)
        text = words(html)
        assert "A package without a name" in text
        assert "ИВАНОВ ИВАН has signed" in text
        assert "ПЕТРОВА has declined link revoked" in text
        assert "ПЕТРОВА declined to sign on" in text
        assert "Not <mine>" in text
        assert "signed by 1 of 2" in text
        assert 'href="/app/thread?document=doc&amp;thread=main"' in html


def test_each_state_is_named(office: FlaskClient) -> None:
    app = office.application
    put(app, opened_at=None, name="draft")
    put(app, rescinded_at=OPENED, rescind_message="by mistake", name="cancelled")
    put(app, sign_by=OPENED, name="late")
    put(app, IVAN, name="done", type="Sequential")
    save(office, cms=people.cms(people.ivan()))
    text = words(see(office, "/app/packages"))
    for one in ("draft not sent yet", "cancelled cancelled", "late the time is over"):
        assert one in text
    assert "done all have signed" in text


def test_many_come_in_pages_by_four_statements(either: Flask) -> None:
    office = either.test_client()
    documents = tuple(f"doc-{number}" for number in range(MANY + 1))
    signers = tuple({"iin": f"{number:012}"} for number in range(MANY + 1))
    for number in range(ROWS + 1):
        public_id = put(either, *signers, documents=documents, name=f"No {number}.")
    for signer in range(1, FEW + 2):
        decided(either, signer, DECLINED, "long " * 400, package=ROWS + 1)
    with either.app_context():
        engine = db.engine
    with counted_statements(engine) as statements:
        html = see(office, "/app/packages")
    assert len([one for one in statements if "package" in one]) == 4
    text = words(html)
    assert [f"No {number}." in text for number in (0, 1, ROWS)] == [False, True, True]
    assert "and 3 more" in text  # Declines.
    assert f"and {MANY + 1 - FEW} more" in text
    [following] = [one for one in html.split('"') if "cursor=" in one and "lang" not in one]
    assert "No 0." in see(office, following.replace("&amp;", "&"))
    with counted_statements(engine) as statements:
        html = see(office, f"/app/package?id={public_id}")
    assert len([one for one in statements if "package" in one]) == 3
    assert html.count('id="signer-') == html.count("name of doc-") == MANY
    html = see(office, f"/app/package?id={public_id}&signers={MANY}&documents={MANY}")
    assert html.count('id="signer-') == html.count("name of doc-") == 1


def test_nobody_is_behind_the_highest_number(either: Flask) -> None:
    office, most = either.test_client(), MOST - 1
    html = see(office, f"/app/package?id={put(either)}&signers={most}&documents={most}")
    assert 'id="signer-' not in html


@pytest.mark.parametrize(
    "query",
    ["packages?cursor=x", "package", "package?id=x", f"package?id={UUID(int=0)}", "package?id=%00"],
)
def test_what_is_not_there_is_not_found(office: FlaskClient, query: str) -> None:
    see(office, f"/app/{query}", 404)


def test_a_token_that_is_bound_to_tags_sees_no_packages(locked: Flask) -> None:
    public_id = put(locked)
    reader, bound = locked.test_client(), locked.test_client()
    sign_in(reader, make_token(locked, "reader", "read"))
    sign_in(bound, make_token(locked, "bound", "read", tag_prefix="x"))
    assert 'href="/app/packages"' in see(reader, "/app")
    assert 'href="/app/packages"' not in see(bound, "/app")
    for address in ("packages", f"package?id={public_id}"):
        see(reader, f"/app/{address}")
        see(bound, f"/app/{address}", 403)
    see(bound, "/app/thread?document=doc&thread=main", 404)


def test_nor_who_declined_to_sign_what_it_may_see(locked: Flask) -> None:
    put(locked)
    reader, bound = locked.test_client(), locked.test_client()
    writer = bearer(make_token(locked, "writer", "write"))
    sign_in(reader, make_token(locked, "reader", "read"))
    sign_in(bound, make_token(locked, "bound", "read", tag_prefix="x"))
    sent = filled(tags=["x/1"], cms=people.cms(people.ivan()))
    assert locked.test_client().post("/signature", json=sent, headers=writer).status_code == 201
    decided(locked, 2, DECLINED, "Not mine")
    address = "/app/thread?document=doc&thread=main"
    assert "Not mine" in see(reader, address)
    assert "Not mine" not in see(bound, address)
