"""Rows of signers: how a save adds them, and how reads carry them along in one statement."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BindParameter,
    FromClause,
    Insert,
    Label,
    Text,
    bindparam,
    case,
    cast,
    column,
    func,
    insert,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from app.store.columns import octets
from app.store.models import Signer, Version

#: The list of rows that a save brings, as JSON text, which `Prepared` asks for.
SENT_SIGNERS: BindParameter[str] = bindparam("new_signers", type_=Text())

#: In the order of the items of one row in SENT_SIGNERS.
_COLUMNS = (
    "number",
    "claimed_iin",
    "claimed_bin",
    "claimed_name",
    "digest_algorithm",
    "message_digest",
    "verified_gen_time",
    "facts",
)


def add_sent(head: FromClause) -> Insert:
    """Write SQLite's statement that adds SENT_SIGNERS to the version that `head` has now."""
    rows = func.json_each(SENT_SIGNERS).table_valued(
        column("value", JSON), name="signer", joins_implicitly=True
    )
    item = rows.c.value
    values = [
        item[0].as_integer(),
        *(item[number].as_string() for number in range(1, len(_COLUMNS) - 2)),
        item[len(_COLUMNS) - 2].as_string(),
        item[len(_COLUMNS) - 1],
    ]
    return insert(Signer).from_select(
        ["signature_id", "version", *_COLUMNS], select(head.c.id, head.c.version, *values)
    )


def moment(value: datetime | None) -> str | None:
    """Write a moment as a row of SENT_SIGNERS has it: in UTC, as SQLite keeps it."""
    if value is None:
        return None
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def short_facts_of(dialect: str, signature_id: Any, version: Any, limit: int) -> Label[str]:
    """Give the column of `facts_of`, which is NULL where that has more than `limit` bytes."""
    facts = facts_of(dialect, signature_id, version).element.correlate(Version)
    listed = select(facts.label("listed")).correlate(Version).subquery("of_version")
    text = listed.c.listed
    short = select(case((octets(text) <= limit, text)))
    return short.scalar_subquery().label("signers")


def facts_of(dialect: str, signature_id: Any, version: Any) -> Label[str]:
    """Give the column that holds the facts of all signers of a version, a JSON list as text."""
    mine = (Signer.signature_id == signature_id) & (Signer.version == version)
    if dialect == "sqlite":
        ordered = (
            select(Signer.facts).where(mine).order_by(Signer.number).correlate(Version).subquery()
        )
        listed = select(func.json_group_array(func.json(ordered.c.facts))).select_from(ordered)
        return listed.scalar_subquery().label("signers")
    facts = aggregate_order_by(Signer.facts, Signer.number)
    listed = select(func.coalesce(cast(func.json_agg(facts), Text), "[]")).where(mine)
    return listed.scalar_subquery().label("signers")
