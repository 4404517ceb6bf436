"""The total size of the rows of a list, determined before they are fetched at once.

A row has at most `SMALL` bytes of a signature, and of facts; in memory that may be four times as
much, with wide characters. Larger texts are not held, so they aren't counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, case, cast, func, literal, select

from app.store.database.types import octets
from app.store.models import Signer, Version
from app.store.signatures.large_texts import SIGNATURE_OCTETS, LargeText
from app.store.signatures.records import SignatureRecord

#: Bytes of a signature, and of the facts of its signers, that are fetched with many other rows.
SMALL = 48 * 1024
#: Rows that are fetched without a size check, and that are fetched at once if they are small.
FEW_ROWS, PAGE_ROWS = 20, 200
#: Bytes of all rows up to which they are fetched at once.
MUCH = 2 * 1024 * 1024


def weight(dialect: str, *, cms: bool, signers: bool) -> Select[*tuple[Any, ...]] | None:
    """Build the statement for the bytes of versions; what it is joined with selects them.

    None if it isn't needed: SQLite's signatures are read one by one, see `hold`.
    """
    parts = []
    if cms and dialect != "sqlite":
        parts.append(_if_small(SIGNATURE_OCTETS))
    if signers:
        mine = (Signer.signature_id == Version.signature_id) & (Signer.version == Version.version)
        facts = select(func.coalesce(func.sum(octets(cast(Signer.facts, Text))), 0)).where(mine)
        parts.append(_if_small(facts.correlate(Version).scalar_subquery()))
    if not parts:
        return None
    return select(*map(func.sum, parts)).select_from(Version)


def _if_small(size: ColumnElement[int]) -> ColumnElement[int]:
    return case((size <= SMALL, size), else_=literal(0))


def is_much(weights: Iterable[int | None]) -> bool:
    """Return whether rows are too large to be fetched at once, by the row of `weight`."""
    return sum(filter(None, weights)) > MUCH


def hold(records: Iterable[SignatureRecord]) -> list[SignatureRecord] | None:
    """Return records that are read one by one; None if they are too large to be held at once."""
    held, total = [], 0
    for record in records:
        held.append(record)
        if not isinstance(record.cms, LargeText):
            total += _in_memory(record.cms or "")
        if total > MUCH and len(held) > FEW_ROWS:
            return None
    return held


def _in_memory(text: str) -> int:
    """Return the bytes of a text in memory, or more: four each if one character needs that."""
    return len(text) if text.isascii() else 4 * len(text)
