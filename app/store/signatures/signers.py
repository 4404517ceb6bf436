"""Rows of signers: how a save adds them, and how reads carry them along in one statement."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    BindParameter,
    ColumnElement,
    FromClause,
    Insert,
    Integer,
    Label,
    Select,
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

from app.store.database.types import UtcDateTime, octets
from app.store.models import Signer, Version
from app.store.signatures.standings import (
    ANCHOR_GONE,
    NOT_JUDGED,
    REFUSED,
    STAMP_ANCHOR_GONE,
    Trusted,
)

#: The list of rows of a save, as JSON text, as `Prepared` requires.
SENT_SIGNERS: BindParameter[str] = bindparam("new_signers", type_=Text())

#: The columns that one row in SENT_SIGNERS has, in the order of its items.
KINDS = {
    "number": Integer(),
    "claimed_iin": Text(),
    "claimed_bin": Text(),
    "claimed_name": Text(),
    "digest_algorithm": Text(),
    "message_digest": Text(),
    "verified_gen_time": UtcDateTime(),
    "facts": JSON(),
    "standing": BigInteger(),
    "standing_reason": Text(),
    "judged_against": BigInteger(),
}


def add_sent(head: FromClause) -> Insert:
    """Build SQLite's statement that adds SENT_SIGNERS to the current version of `head`."""
    rows = func.json_each(SENT_SIGNERS).table_valued(
        column("value", JSON), name="signer", joins_implicitly=True
    )
    item = rows.c.value
    values = [_read_item(item[place], kind) for place, kind in enumerate(KINDS.values())]
    return insert(Signer).from_select(
        ["signature_id", "version", *KINDS], select(head.c.id, head.c.version, *values)
    )


def _read_item(item: Any, kind: Any) -> Any:
    if isinstance(kind, JSON):
        return item
    return item.as_integer() if isinstance(kind, Integer) else item.as_string()


def moment(value: datetime | None) -> str | None:
    """Format a time for a row of SENT_SIGNERS: in UTC, as SQLite stores it."""
    if value is None:
        return None
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def short_facts_of(
    dialect: str, signature_id: Any, version: Any, limit: int, trusted: Trusted | None = None
) -> Label[str]:
    """Return the column of `facts_of`; if these have more than `limit` bytes, their size.

    Sizes are added up first: for many signers one text takes long to build.
    """
    mine = (Signer.signature_id == signature_id) & (Signer.version == version)
    size = select(func.coalesce(func.sum(octets(cast(Signer.facts, Text))), 0)).where(mine)
    all_bytes = size.correlate(Version).scalar_subquery()
    whole = facts_of(dialect, signature_id, version, trusted).element
    return case((all_bytes <= limit, whole), else_=cast(all_bytes, Text)).label("signers")


def facts_of(
    dialect: str, signature_id: Any, version: Any, trusted: Trusted | None = None
) -> Label[str]:
    """Return the column that holds the facts of all signers of a version, a JSON list as text.

    With `trusted`, each has the result of its verification: the state of `Trusted.state`, and why.
    """
    mine = (Signer.signature_id == signature_id) & (Signer.version == version)
    facts = Signer.facts if trusted is None else _explained(dialect, trusted)
    if dialect == "sqlite":
        ordered = (
            select(facts.label("facts"))
            .where(mine)
            .order_by(Signer.number)
            .correlate(Version)
            .subquery()
        )
        listed = select(func.json_group_array(func.json(ordered.c.facts))).select_from(ordered)
        return listed.scalar_subquery().label("signers")
    ordered_facts = aggregate_order_by(facts, Signer.number)
    listed = select(func.coalesce(cast(func.json_agg(ordered_facts), Text), "[]")).where(mine)
    return listed.scalar_subquery().label("signers")


def facts_of_each(dialect: str, trusted: Trusted | None = None) -> Select[str]:
    """Build the statement for the facts of each signer of a version, as text."""
    facts = Signer.facts if trusted is None else _explained(dialect, trusted)
    mine = Signer.signature_id == bindparam("signature_id"), Signer.version == bindparam("version")
    return select(cast(facts, Text)).where(*mine).order_by(Signer.number)


def _explained(dialect: str, trusted: Trusted) -> ColumnElement[Any]:
    """Return the facts of a signer with `standing` added."""
    standing = Signer.standing
    trusted = replace(trusted, claims=False)
    valid = trusted.condition(Signer)
    state = case((standing == REFUSED, "refused"), (valid, "valid"), else_="pending")
    reason = case(
        (standing.is_(None), NOT_JUDGED),
        (standing <= 0, Signer.standing_reason),
        (valid, None),
        (trusted.reached(Signer), STAMP_ANCHOR_GONE),
        else_=ANCHOR_GONE,
    )
    if dialect == "sqlite":
        written = func.json_object("state", state, "reason", reason)
        return func.json_insert(Signer.facts, "$.standing", func.json(written))
    # JSON text of an object ends with its bracket, before which there is always a member.
    added = cast(func.json_build_object("state", state, "reason", reason), Text)
    facts = func.rtrim(cast(Signer.facts, Text))
    opened = func.left(facts, -1)
    return cast(opened.concat(', "standing": ').concat(added).concat("}"), JSON)
