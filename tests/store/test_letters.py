"""Small letters, the same on both databases."""

from __future__ import annotations

import unicodedata

from sqlalchemy import Engine, literal, select

from app.store.database.lower import small_letters, write_small

TEXT = "Договор № 17 «ӘҒҚҢӨҰҮҺІ» ЁЖ ABC-xyz 'o''k' \\ %"


def test_letters_are_small_in_the_database_as_they_are_here(engine: Engine) -> None:
    with engine.connect() as connection:
        found = connection.execute(select(small_letters(literal(TEXT)))).scalar_one()
    assert found == write_small(TEXT) == TEXT.lower()


def test_no_text_has_no_letters(engine: Engine) -> None:
    with engine.connect() as connection:
        assert connection.execute(select(small_letters(literal(None)))).scalar_one() is None


def test_marks_are_composed_with_their_letters(engine: Engine) -> None:
    taken_apart = unicodedata.normalize("NFD", TEXT + "Йй Ёё")
    with engine.connect() as connection:
        found = connection.execute(select(small_letters(literal(taken_apart)))).scalar_one()
    assert found == write_small(taken_apart) == (TEXT + "Йй Ёё").lower()
