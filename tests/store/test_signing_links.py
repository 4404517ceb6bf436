"""What a signer's link leads to, in each state; and decisions about it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text

from app.store.database.engine import transaction
from app.store.errors import PackageNotFound
from app.store.packages.decisions import DECLINED, decide, find_declines, revoke_links
from app.store.packages.links import ALL_DOCUMENTS, LinkTokens
from app.store.packages.progress import list_progress
from app.store.packages.signing import AskedSigning, find_signing
from app.store.packages.status import get_package
from tests.store.packages import CLAIMS, put_package
from tests.store.signings import IVANOV, PETROVA
from tests.store.test_progress import sign
from tests.store.test_statements import counted_statements

IVAN, ANNA = {"iin": "900101300017", "last_name": "ИВАНОВ"}, {"iin": "910202400025"}
PAST = datetime(2026, 5, 2, tzinfo=UTC)
NOBODY = "00000000-0000-4000-8000-000000000000"
KEY = "5ec7" * 16


def put(engine: Engine, *documents: str, **columns: Any) -> str:
    values = {"generate_links": True, "link_key": KEY, **columns}
    return put_package(engine, documents or ("doc",), (IVAN, ANNA), **values)


def row_of(engine: Engine, public_id: str) -> int:
    with engine.connect() as connection:
        links = get_package(connection, public_id, CLAIMS).links
    assert links
    return links.package_id


def open_link(
    engine: Engine, public_id: str, signer: int = 1, document: int = ALL_DOCUMENTS
) -> AskedSigning | None:
    row = row_of(engine, public_id)
    [token] = LinkTokens(row, KEY, [signer]).of_document(document)
    with engine.connect() as connection:
        return find_signing(connection, token, CLAIMS)


def state(engine: Engine, public_id: str, signer: int = 1) -> str:
    found = open_link(engine, public_id, signer)
    assert found
    return found.state


def decide_on(engine: Engine, public_id: str, kind: str, reason: str | None = None) -> bool:
    row = row_of(engine, public_id)
    with transaction(engine) as connection:
        return decide(connection, row, 1, kind, reason)


def test_a_link_names_the_signer_and_the_documents_to_sign(engine: Engine) -> None:
    found = open_link(engine, put(engine, "a", "b", name="Contract"))
    assert found
    assert (found.name, found.signer.name, found.state) == ("Contract", "ИВАНОВ", "ready")
    assert [one.title for one in found.to_sign] == ["name of a", "name of b"]
    assert [one.number for one in found.signers] == [1, 2]


def test_statements_are_five_for_any_size(engine: Engine) -> None:
    public_id = put(engine, *map(str, range(30)))
    [token] = LinkTokens(row_of(engine, public_id), KEY, [1]).of_all()
    with counted_statements(engine) as counted, engine.connect() as connection:
        find_signing(connection, token, CLAIMS)
    assert len(counted) == 5


def test_a_link_to_one_document_shows_only_that(engine: Engine) -> None:
    found = open_link(engine, put(engine, "a", "b"), document=2)
    assert found
    assert [one.document for one in found.documents] == ["b"]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, "ready"),
        ({"opened_at": None}, "draft"),
        ({"sign_by": PAST}, "expired"),
        ({"sign_by": PAST, "rescinded_at": PAST}, "cancelled"),
    ],
)
def test_the_package_decides_whether_its_links_can_be_used(
    engine: Engine, columns: dict[str, Any], expected: str
) -> None:
    found = open_link(engine, put(engine, **columns))
    assert found
    assert found.state == expected
    assert bool(found.to_sign) is (expected == "ready")


def test_those_who_sign_later_wait_in_a_sequence(engine: Engine) -> None:
    public_id = put(engine, type="Sequential")
    assert [state(engine, public_id, number) for number in (1, 2)] == ["ready", "waiting"]
    sign(engine, IVANOV)
    assert [state(engine, public_id, number) for number in (1, 2)] == ["signed", "ready"]
    sign(engine, IVANOV, PETROVA, seen=1)
    assert [state(engine, public_id, number) for number in (1, 2)] == ["done", "done"]


def test_who_declined_is_asked_of_a_package_that_is_there(engine: Engine) -> None:
    public_id = put(engine)
    with engine.connect() as connection:
        assert find_declines(connection, public_id) == []
        for another in ("none", str(uuid4())):
            with pytest.raises(PackageNotFound):
                find_declines(connection, another)


def test_a_signer_may_decline_once_and_the_office_sees_why(engine: Engine) -> None:
    public_id = put(engine)
    assert decide_on(engine, public_id, DECLINED, "not my contract")
    assert not decide_on(engine, public_id, DECLINED, "again")
    found = open_link(engine, public_id)
    assert found
    assert found.state == "declined"
    assert found.declined
    assert found.declined.reason == "not my contract"
    assert found.signer.declined
    assert state(engine, public_id, 2) == "ready"
    with engine.connect() as connection:
        [one] = find_declines(connection, public_id)
        assert (one.signer, one.reason) == (1, "not my contract")
        progress = list_progress(connection, [("doc", "main")], CLAIMS)
    assert progress["doc", "main"].declined


def test_links_can_be_revoked_for_one_signer_or_for_all(engine: Engine) -> None:
    public_id = put(engine)
    with transaction(engine) as connection:
        assert revoke_links(connection, public_id, 1) == 1
    assert [state(engine, public_id, number) for number in (1, 2)] == ["revoked", "ready"]
    with transaction(engine) as connection:
        assert revoke_links(connection, public_id) == 1
        for name, signer in ((public_id, 3), ("none", None), (NOBODY, None)):
            with pytest.raises(PackageNotFound):
                revoke_links(connection, name, signer)
    assert state(engine, public_id, 2) == "revoked"


def test_a_link_to_what_is_not_there_leads_nowhere(engine: Engine) -> None:
    public_id = put(engine)
    assert open_link(engine, public_id, signer=3) is None
    assert open_link(engine, public_id, document=3) is None
    row = row_of(engine, public_id)
    token = LinkTokens(row, KEY, [1]).of_all()[0]
    with transaction(engine) as connection:
        assert find_signing(connection, token[:-1] + "A", CLAIMS) is None
        connection.execute(text("DELETE FROM packages"))
        assert find_signing(connection, token, CLAIMS) is None
        assert not decide(connection, row, 1, DECLINED)
