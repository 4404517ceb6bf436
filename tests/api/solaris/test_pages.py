"""Pages of signings: their number, their order, and the headers that link them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, update

from app.extensions import db
from app.store.database.engine import transaction
from app.store.models import Signature
from app.store.signatures.writing import NewVersion, save_version
from tests.api.asking import save
from tests.api.solaris.asking import error_of, references, signings
from tests.conftest import AppMaker
from tests.store.packages import put_package
from tests.store.signings import IVANOV, PETROVA, signed_by, signing_of
from tests.store.test_statements import counted_statements

PERSON = IVANOV[1]
ADDRESS = f"/v1/persons/{PERSON}/signings"
DAY = timedelta(days=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
IVAN, ANNA = ({"iin": person[1]} for person in (IVANOV, PETROVA))
_LINK = re.compile(r'<([^>]*)>; rel="(\w+)"')


def fill(engine: Engine, number: int, start: int = 0) -> None:
    """Save so many threads, t0 first, all signed by the person, one each day."""
    cms = signed_by(IVANOV)
    signing = signing_of(cms)
    with transaction(engine) as connection:
        for each in range(start, start + number):
            new = NewVersion(document="doc", thread=f"t{each}", cms=cms)
            save_version(connection, new, signing, None)
            connection.execute(
                update(Signature)
                .where(Signature.thread == f"t{each}")
                .values(created_at=START + each * DAY)
            )


def links(client: FlaskClient, query: str, address: str = ADDRESS) -> dict[str, str]:
    """Return the links of a page by their relations, in their order."""
    header = client.get(f"{address}?{query}").headers["link"]
    return {relation: target for target, relation in _LINK.findall(header)}


def page(number: int, size: int, address: str = ADDRESS) -> str:
    """Return the address of a page."""
    return f"{address}?page%5Bnumber%5D={number}&page%5Bsize%5D={size}"


def test_who_is_unknown_has_an_empty_list(client: FlaskClient) -> None:
    response = client.get(ADDRESS)
    assert (response.status_code, response.data) == (200, b"[]")
    assert response.headers["total"] == "0"
    assert response.headers["per-page"] == "10"
    assert links(client, "") == {"first": page(1, 10), "last": page(1, 10)}
    assert response.headers["Cache-Control"] == "private, no-store"


def test_pages_are_newest_first_and_fit_each_other(client: FlaskClient, engine: Engine) -> None:
    fill(engine, 25)
    newest = [f"t{number}" for number in reversed(range(25))]
    assert references(client, PERSON) == newest[:10]
    for size in (1, 7, 25, 1000):
        found: list[str] = []
        for number in range(1, 27):
            found += references(client, PERSON, f"page[number]={number}&page[size]={size}")
        assert found == newest
    assert references(client, PERSON, "page[number]=4") == []


def test_the_headers_link_the_other_pages(client: FlaskClient, engine: Engine) -> None:
    fill(engine, 25)
    response = client.get(f"{ADDRESS}?page[number]=2&page%5Bsize%5D=10")
    assert (response.headers["total"], response.headers["per-page"]) == ("25", "10")
    assert links(client, "page[number]=2") == {
        "first": page(1, 10),
        "prev": page(1, 10),
        "next": page(3, 10),
        "last": page(3, 10),
    }
    assert list(links(client, "")) == ["first", "next", "last"]
    assert list(links(client, "page[number]=3")) == ["first", "prev", "last"]
    assert links(client, "page[number]=9")["prev"] == page(3, 10)
    assert links(client, "page[size]=5")["last"] == page(5, 5)
    followed = client.get(links(client, "page[number]=2")["next"]).get_json()
    assert [each["reference"] for each in followed] == ["t4", "t3", "t2", "t1", "t0"]
    head = client.head(ADDRESS)
    assert (head.data, head.headers["total"]) == (b"", "25")


def test_links_are_absolute_under_the_public_url(make_app: AppMaker) -> None:
    client = make_app(PUBLIC_URL="https://sign.example.kz/store/").test_client()
    address = f"/v1/persons/IIN{PERSON}/signings"
    expected = page(1, 10, f"https://sign.example.kz/store{address}")
    assert links(client, "", address) == {"first": expected, "last": expected}


def test_what_is_wanted_stands_where_its_package_is_as_old(
    client: FlaskClient, engine: Engine
) -> None:
    for each in range(12):
        if each % 3 == 2:
            put_package(
                engine, ("b", "a"), (IVAN,), thread=f"p{each}", created_at=START + each * DAY
            )
        else:
            fill(engine, 1, each)
    expected = [
        each
        for number in reversed(range(12))
        for each in ([f"p{number}"] * 2 if number % 3 == 2 else [f"t{number}"])
    ]
    assert references(client, PERSON, "page[size]=100") == expected
    for size in (1, 3, 5):
        found: list[str] = []
        for number in range(1, 18):
            found += references(client, PERSON, f"page[number]={number}&page[size]={size}")
        assert found == expected
    assert client.get(ADDRESS).headers["total"] == "16"


def test_a_clock_that_goes_back_tears_no_page_apart(client: FlaskClient, engine: Engine) -> None:
    for each in (5, 3, 9, 1, 7):
        fill(engine, 1, each)
        put_package(engine, thread=f"p{each}", signers=(IVAN,), created_at=START + each * DAY)
    together = references(client, PERSON)
    assert len(set(together)) == len(together) == 10
    found: list[str] = []
    for number in range(1, 11):
        found += references(client, PERSON, f"page[size]=1&page[number]={number}")
    assert found == together


def test_a_person_and_an_organisation_may_have_the_same_number(
    client: FlaskClient, engine: Engine
) -> None:
    number = str(PETROVA[3])
    save(client, document="organisation", cms=signed_by(PETROVA), thread="organisation")
    person = ("ИВАНОВ ИВАН", number, None, None)
    save(client, document="person", cms=signed_by(person), thread="person")
    save(client, document="both", cms=signed_by(person, PETROVA), thread="both")
    put_package(engine, ("wanted",), ({"iin": number}, {"bin": number}), thread="wanted")
    assert references(client, f"IIN{number}") == ["both", "person", "wanted"]
    assert references(client, f"BIN{number}") == ["both", "organisation", "wanted"]
    assert references(client, number) == ["both", "person", "organisation", "wanted"]
    for person_id, total in ((number, "4"), (f"IIN{number}", "3"), (f"BIN{number}", "3")):
        assert client.get(f"/v1/persons/{person_id}/signings").headers["total"] == total


def test_a_page_is_a_constant_number_of_statements(make_app: AppMaker, engine: Engine) -> None:
    app = make_app()
    client = app.test_client()
    signings(client, PERSON)  # The first request reads the anchors of the database.
    with app.app_context():
        with counted_statements(db.engine) as few:
            signings(client, PERSON)
        fill(engine, 30)
        put_package(engine, tuple(map(str, range(30))), (IVAN, ANNA))
        with counted_statements(db.engine) as many:
            assert len(signings(client, PERSON, "page[size]=100")) == 60
    # The number may be of a person or an organisation; an empty page has no packages to ask for.
    assert (len(few), len(many)) == (4, 5)


@pytest.mark.parametrize(
    "query",
    [
        "page[number]=0",
        "page[number]=-1",
        "page[number]=1.5",
        "page[number]=x",
        "page[number]=1e3",
        "page[number]=%00",
        "page[number]=99999999999999999999999",
        "page[number]=%EF%BC%91",
        "page[number]=%FF",
        "page[number]=1&page[number]=2",
        "page[size]=0",
        "page[size]=1001",
        "page[size]=-5",
        "page[size]=ten",
        "page[size]=1;drop",
        "page%5Bsize%5D=10%27",
    ],
)
def test_a_bad_page_is_refused(client: FlaskClient, query: str) -> None:
    error = error_of(client.get(f"{ADDRESS}?{query}"), 400)
    assert error["code"] == "build_pagination_headers_failure"
    assert error["title"] == "Failed to build pagination headers."
    assert error["detail"].startswith('"page[')


@pytest.mark.parametrize(
    "query", ["page[number]=", "page[size]=", "page=7", "page[]=7", "page[x]=y", "%FF=%FF", "&&=&"]
)
def test_what_is_no_page_is_not_examined(client: FlaskClient, query: str) -> None:
    assert client.get(f"{ADDRESS}?{query}").headers["per-page"] == "10"


def test_the_last_page_that_can_be_requested_is_empty(client: FlaskClient, engine: Engine) -> None:
    fill(engine, 1)
    assert references(client, PERSON, "page[number]=1000000000&page[size]=1000") == []
