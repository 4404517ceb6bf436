"""One package, read by its UUID or its thread."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from app.store.errors import PackageNotFound
from app.store.packages.status import find_package, get_package
from tests.store.packages import CLAIMS, put_package

IVAN = {"iin": "900101300017"}


def test_a_package_that_is_not_there_is_not_given(engine: Engine) -> None:
    public_id = put_package(engine, ("doc",), (IVAN,))
    with engine.connect() as connection:
        assert get_package(connection, public_id, CLAIMS).summary.public_id == public_id
        with pytest.raises(PackageNotFound):
            get_package(connection, "none", CLAIMS)


def test_what_is_deleted_while_it_is_read_is_not_there(engine: Engine) -> None:
    # What a read finds that began before the package went: the head, and nothing in it.
    public_id = put_package(engine, (), (IVAN,))
    with engine.connect() as connection:
        assert find_package(connection, public_id, CLAIMS) is None
        assert find_package(connection, put_package(engine, ("doc",), ()), CLAIMS) is None


def test_the_uuid_goes_before_a_thread_of_that_name(engine: Engine) -> None:
    first = put_package(engine, ("doc",), (IVAN,))
    second = put_package(engine, ("doc",), (IVAN,), thread=first)
    with engine.connect() as connection:
        assert get_package(connection, first, CLAIMS).summary.public_id == first
        assert get_package(connection, "main", CLAIMS).summary.public_id == first
        assert get_package(connection, second, CLAIMS).summary.public_id == second


def test_a_draft_hides_no_package_that_was_sent(engine: Engine) -> None:
    draft = put_package(engine, ("doc",), (IVAN,), opened_at=None)
    with engine.connect() as connection:
        assert get_package(connection, "main", CLAIMS).summary.public_id == draft
        sent = put_package(engine, ("doc",), (IVAN,))
        put_package(engine, ("doc",), (IVAN,), opened_at=None)
        assert get_package(connection, "main", CLAIMS).summary.public_id == sent


def test_the_key_of_links_is_not_in_what_is_printed(engine: Engine) -> None:
    public_id = put_package(engine, ("doc",), (IVAN,), generate_links=True, link_key="5ec7" * 16)
    with engine.connect() as connection:
        found = get_package(connection, public_id, CLAIMS)
    assert found.links
    assert found.links.key == "5ec7" * 16
    assert "5ec7" not in repr(found)
