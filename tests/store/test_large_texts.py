"""Texts that are read in pieces: whole to the character, and of no other version."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from app.store import temporary
from app.store.errors import NoRoom, SignatureNotFound
from app.store.signatures.large_texts import (
    IN_MEMORY,
    PIECE,
    Key,
    LargeText,
    SpooledText,
    find_text,
)
from tests.conftest import opened
from tests.store.threads import delete, get, save

#: Each has characters of another width across the bounds of pieces.
TEXTS = [
    "a" * IN_MEMORY,
    "a" * (IN_MEMORY + 1),
    "a" + "ж" * PIECE,
    "€" * PIECE,
    'x"\\\n' + "😀" * (PIECE // 2) + "\r\n",
]


@pytest.mark.parametrize("number", range(len(TEXTS)))
def test_a_text_is_read_whole(engine: Engine, number: int) -> None:
    save(engine, cms=TEXTS[number])
    record = get(engine)
    assert record.text == TEXTS[number]
    is_large = len(TEXTS[number].encode()) > IN_MEMORY
    assert isinstance(record.cms, LargeText) == is_large
    key = Key(record.id, record.version)
    with engine.connect() as connection:
        found = find_text(connection, key)
    whole = LargeText(engine, key, len(TEXTS[number].encode()))
    assert found == (whole if is_large else TEXTS[number])
    with whole.opened() as held:
        assert isinstance(held, SpooledText) == is_large
        if isinstance(held, SpooledText):
            for size in (1000, PIECE):
                assert "".join(held.pieces(size)) == TEXTS[number]


@pytest.mark.parametrize("size", [1, IN_MEMORY + 1])
def test_what_is_not_there_is_not_found(engine: Engine, size: int) -> None:
    missing = LargeText(engine, Key(1, 1), size)
    with pytest.raises(SignatureNotFound):
        missing.read()
    with pytest.raises(SignatureNotFound), missing.opened():
        pytest.fail("it was opened")
    with engine.connect() as connection:
        assert find_text(connection, Key(1, 1)) is None


def test_a_row_that_took_the_place_of_another_is_not_taken_for_it(sqlite_url: str) -> None:
    """SQLite gives the number of a row again after the last one was deleted."""
    with opened(sqlite_url) as engine:
        save(engine, "one", cms="first")
        first = get(engine, "one")
        key = Key(first.id, first.version)
        with engine.connect() as connection:
            rowid = connection.execute(text("SELECT rowid FROM versions")).scalar_one()
            assert find_text(connection, key, rowid=rowid) == "first"
            delete(engine, "one")
            assert find_text(connection, key, rowid=rowid) is None
            save(engine, "two", cms="second")
            assert connection.execute(text("SELECT rowid FROM versions")).scalar_one() == rowid
            assert find_text(connection, key, rowid=rowid) is None


def test_a_database_that_fails_is_away(sqlite_url: str) -> None:
    with opened(sqlite_url) as engine:
        save(engine)
        with engine.connect() as connection:
            connection.execute(text("ALTER TABLE versions RENAME COLUMN cms TO other"))
            with pytest.raises(OperationalError):
                find_text(connection, Key(1, 1))


def test_a_full_disk_is_reported(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    save(engine, cms=TEXTS[1])
    record = get(engine)
    assert isinstance(record.cms, LargeText)
    with Path("/dev/full").open("wb") as full:
        monkeypatch.setattr(temporary, "TemporaryFile", lambda: full)
        with pytest.raises(NoRoom), record.cms.opened():
            pytest.fail("it was opened")
        assert full.closed
