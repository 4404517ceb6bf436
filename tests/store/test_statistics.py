"""The numbers of all that is kept."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert, update

from app.cms.parsing import parse
from app.store import statistics as module
from app.store.migrations import HEAD, upgrade
from app.store.models import Package, Token, Version
from app.store.signatures.extraction import read_signing
from app.store.statistics import statistics
from tests.conftest import EngineMaker
from tests.store.packages import CLAIMS
from tests.store.signings import IVANOV, PETROVA, Person, signed_by
from tests.store.threads import save

NOW = datetime.now(UTC)
LATER, EARLIER = NOW + timedelta(days=1), NOW - timedelta(days=1)


def numbers(engine: Engine) -> dict[str, Any]:
    with engine.connect() as connection:
        found = statistics(connection, CLAIMS)
    assert (found.about, found.to_keep) == ([], ())
    return found.numbers


def save_signed(engine: Engine, document: str, *people: Person, seen: int | None = None) -> None:
    cms = signed_by(*people)
    save(engine, document, seen=seen, cms=cms, signing=read_signing(parse(cms), NOW))


def token(name: str, expires_at: datetime | None, revoked_at: datetime | None) -> dict[str, Any]:
    return {
        "id": name,
        "name": name,
        "secret_sha256": "",
        "scopes": ["read"],
        "created_at": NOW,
        "expires_at": expires_at,
        "revoked_at": revoked_at,
    }


def package(
    number: int, opened_at: datetime | None, rescinded_at: datetime | None
) -> dict[str, Any]:
    return {
        "public_id": f"00000000-0000-4000-8000-{number:012}",
        "type": "concurrent",
        "thread": "main",
        "generate_links": False,
        "link_key": "",
        "created_at": NOW,
        "opened_at": opened_at,
        "rescinded_at": rescinded_at,
    }


def test_an_empty_store_has_nothing(engine: Engine) -> None:
    found = numbers(engine)
    assert found.pop("database_bytes") > 0
    assert found.pop("schema_step") == HEAD
    assert found.pop("newest_save") is None
    assert set(found.values()) == {0}


def test_threads_versions_tags_signers_and_people_are_counted(engine: Engine) -> None:
    save(engine, "a", tags=["x", "y"])
    save(engine, "a", seen=1, tags=["x", "z"])
    save(engine, "b", tags=["x"])
    save_signed(engine, "c", IVANOV, PETROVA)
    save_signed(engine, "d", IVANOV)
    save_signed(engine, "e", PETROVA)
    save_signed(engine, "e", IVANOV, seen=1)
    with engine.connect() as connection:
        connection.execute(
            update(Version).where(Version.signature_id == 1).values(signature_size=None)
        )
    found = numbers(engine)
    newest = found.pop("newest_save")
    assert abs(newest - datetime.now(UTC)) < timedelta(minutes=1)
    assert {name: found[name] for name in list(found)[:7]} == {
        "threads": 5,
        "versions": 7,
        "unread_versions": 2,
        "signers": 5,
        "signers_to_verify": 5,
        "tags": 2,
        "people": 2,
    }


def test_tokens_are_counted_by_what_they_are_good_for(engine: Engine) -> None:
    rows = [
        token("for ever", None, None),
        token("still", LATER, None),
        token("expired", EARLIER, None),
        token("revoked", None, EARLIER),
        token("revoked, would last", LATER, EARLIER),
        token("revoked and expired", EARLIER, EARLIER),
    ]
    with engine.connect() as connection:
        connection.execute(insert(Token), rows)
    found = numbers(engine)
    kinds = ("active", "expired", "revoked")
    assert [found[f"tokens_{kind}"] for kind in kinds] == [2, 1, 3]


def test_packages_are_counted_by_what_was_done_with_them(engine: Engine) -> None:
    rows = [
        package(1, None, None),
        package(2, EARLIER, None),
        package(3, EARLIER, None),
        package(4, EARLIER, NOW),
        package(5, None, NOW),
    ]
    with engine.connect() as connection:
        connection.execute(insert(Package), rows)
    found = numbers(engine)
    kinds = ("draft", "open", "rescinded")
    assert [found[f"packages_{kind}"] for kind in kinds] == [1, 2, 2]


def test_counting_takes_as_many_statements_however_much_there_is(engine: Engine) -> None:
    seen: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    for count in (0, 3):
        for number in range(count):
            save_signed(engine, f"many {number}", IVANOV, PETROVA)
        seen.clear()
        numbers(engine)
        assert len(seen) == (12 if engine.dialect.name == "sqlite" else 13)


@pytest.mark.parametrize("is_analyzed", [True, False])
def test_of_many_some_are_estimates_which_are_named(
    open_engine: EngineMaker, empty_url: str, monkeypatch: pytest.MonkeyPatch, is_analyzed: bool
) -> None:
    engine = open_engine(empty_url)  # Whose statistics are those of this test.
    upgrade(engine)
    monkeypatch.setattr(module, "MANY_ROWS", 3)
    monkeypatch.setattr(module, "MANY_ITEMS", 1)
    for number in range(5):
        save_signed(engine, str(number), IVANOV, PETROVA)
    for number in range(5):
        save(engine, f"tagged {number}", tags=[f"x{number % 4}", "y"])
    on_postgresql = engine.dialect.name == "postgresql"
    with engine.connect() as connection:
        if is_analyzed and on_postgresql:
            connection.exec_driver_sql("ANALYZE signers, versions, signature_tags")
        found, about, to_keep = statistics(connection, CLAIMS)
    assert to_keep == ()
    numbers = [found[name] for name in ("threads", "versions", "signers", "tags", "people")]
    assert numbers == [10, 10, 10, 5, 2]
    estimates = ["versions", "signers", "tags", "people"] if on_postgresql and is_analyzed else []
    assert about == ["newest_save", *estimates]
    assert abs(found["newest_save"] - datetime.now(UTC)) < timedelta(minutes=1)
