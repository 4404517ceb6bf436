"""How much the rows of a list have, found out before they are fetched: many are held at once.

A row has at most `SMALL` bytes of a signature, and of facts; in memory that may be four times as
much, if there are wide letters. What isn't small is not held, so it isn't counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, case, cast, func, literal, select

from app.store.database.types import octets
from app.store.models import Signer, Version
from app.store.signatures.large_texts import LargeText
from app.store.signatures.records import SignatureRecord

#: Bytes of a signature, and of the facts of its signers, that are fetched with many other rows.
SMALL = 48 * 1024
#: Rows that are fetched without being weighed, and that are fetched at once if they have little.
FEW_ROWS, PAGE_ROWS = 20, 200
#: Bytes of all rows up to which they are fetched at once.
MUCH = 2 * 1024 * 1024


def weight(dialect: str, *, cms: bool, signers: bool) -> Select[*tuple[Any, ...]] | None:
    """Write the statement for the bytes that versions have; what it joins says of which.

    None if that would tell nothing: SQLite's signatures are read one by one, see `hold`.
    """
    parts = []
    if cms and dialect != "sqlite":
        parts.append(_if_small(octets(Version.cms)))
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
    """Return whether rows have too much to be fetched at once, by the row of `weight`."""
    return sum(filter(None, weights)) > MUCH


def hold(records: Iterable[SignatureRecord]) -> list[SignatureRecord] | None:
    """Return records that are read one by one; None if they have too much to be held at once."""
    held, total = [], 0
    for record in records:
        held.append(record)
        if not isinstance(record.cms, LargeText):
            total += len(record.cms or "")
        if total > MUCH and len(held) > FEW_ROWS:
            return None
    return held
