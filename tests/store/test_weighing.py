"""How many rows are held at once: their bytes in memory decide."""

from __future__ import annotations

import pytest

from app.store.signatures.records import SignatureRecord
from app.store.signatures.weighing import FEW_ROWS, MUCH, SMALL, hold


def rows(text: str, number: int) -> list[SignatureRecord]:
    """Return records with a signature each."""
    empty = SignatureRecord.of([None] * (len(SignatureRecord._fields) - 2))
    return [empty._replace(cms=text)] * number


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("A" * SMALL, MUCH // SMALL),
        # One character of an astral plane makes each of them take four bytes (PEP 393).
        ("A" * (SMALL // 2 - 1) + "\N{GRINNING FACE}", MUCH // (2 * SMALL)),
    ],
)
def test_texts_are_counted_with_what_they_take_in_memory(text: str, most: int) -> None:
    assert most > FEW_ROWS
    held = hold(rows(text, most))
    assert held is not None
    assert len(held) == most
    assert hold(rows(text, most + 1)) is None
