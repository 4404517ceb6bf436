"""Circuits: a host that failed several times is left alone for a time, by all workers.

The time doubles from a minute to an hour with each further failure. When it is over, one request is
let through: its success closes the circuit, its failure opens it again.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Integer, case, delete, func, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.store.models import EvidenceCircuit

#: Failures after which a host is left alone.
FAILURES: Final = 5
#: For how long at first, at most, and how long the one request may take that tries again.
FIRST, LONGEST, PROBE = timedelta(minutes=1), timedelta(hours=1), timedelta(minutes=1)
#: What is to last longer from now on was written by a clock that was wrong, and is over.
FAR: Final = 2 * LONGEST
#: Hosts that are noted at most: certificates, which anyone may send, say which there are.
MAX_HOSTS: Final = 1000
#: Characters of a host, and of a reason.
MAX_HOST, MAX_REASON = 255, 500


class Circuit(NamedTuple):
    """A host that failed: how often since its last success, and until when it is left alone."""

    host: str
    failures: int
    open_until: datetime | None
    reason: str


def is_open(connection: Connection, host: str, now: datetime) -> bool:
    """Return whether a host is to be left alone. Outside of a transaction that stays open.

    When its time is over, False is returned to one caller, and True to others until that one notes
    a success or a failure, or did neither for a minute.
    """
    mine = EvidenceCircuit.host == host[:MAX_HOST]
    row = connection.execute(select(EvidenceCircuit.open_until).where(mine)).first()
    if row is None or row.open_until is None:
        return False
    if now < row.open_until <= now + FAR:
        return True
    probe = update(EvidenceCircuit).where(
        mine, _is_over(EvidenceCircuit.open_until, now), _is_over(EvidenceCircuit.probe_until, now)
    )
    return connection.execute(probe.values(probe_until=now + PROBE)).rowcount == 0


def note_failure(
    connection: Connection, host: str, reason: str, now: datetime | None = None
) -> None:
    """Note that a host failed; nothing while it is left alone, from requests that began before.

    Args:
        connection: to the store.
        host: its name, with the port if that is not the usual one.
        reason: what happened, of which `MAX_REASON` characters are stored.
        now: the time; None: that of this machine.
    """
    now = now or datetime.now(UTC)
    add: Any = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    values = {"host": host[:MAX_HOST], "reason": reason[:MAX_REASON].replace("\x00", "")}
    columns = EvidenceCircuit.__table__.c
    row = select(
        literal(values["host"], columns.host.type),
        literal(1, Integer()),
        literal(values["reason"], columns.reason.type),
    ).where(_has_room(values["host"]))
    statement = add(EvidenceCircuit).from_select(["host", "failures", "reason"], row)
    is_closed = _is_over(EvidenceCircuit.open_until, now)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[EvidenceCircuit.host],
            set_={
                "failures": EvidenceCircuit.failures + 1,
                "open_until": _next_end(now),
                "probe_until": None,
                "reason": values["reason"],
            },
            where=is_closed,
        )
    )


def _is_over(until: Any, now: datetime) -> Any:
    return or_(until.is_(None), until <= now, until > now + FAR)


def _has_room(host: str) -> Any:
    others = select(func.count()).select_from(EvidenceCircuit).scalar_subquery()
    is_there = select(EvidenceCircuit.host).where(EvidenceCircuit.host == host).exists()
    return or_(others < MAX_HOSTS, is_there)


def _next_end(now: datetime) -> Any:
    """Return until when a host is left alone after one more failure."""
    kind = EvidenceCircuit.__table__.c.open_until.type
    before = EvidenceCircuit.failures
    ends = {}
    length, failures = FIRST, FAILURES - 1
    while length < LONGEST:
        ends[failures] = literal(now + length, kind)
        length, failures = length * 2, failures + 1
    few = (before < FAILURES - 1, literal(None, kind))
    each = [(before == number, end) for number, end in ends.items()]
    return case(few, *each, else_=literal(now + LONGEST, kind))


def note_success(connection: Connection, host: str) -> None:
    """Note that a host answered: its failures are forgotten."""
    mine = EvidenceCircuit.host == host[:MAX_HOST]
    # On SQLite a deletion of nothing would wait for those who save.
    if connection.execute(select(EvidenceCircuit.failures).where(mine)).first() is not None:
        connection.execute(delete(EvidenceCircuit).where(mine))


def list_circuits(connection: Connection) -> list[Circuit]:
    """Return the hosts that failed since their last success, by name."""
    rows = select(
        EvidenceCircuit.host,
        EvidenceCircuit.failures,
        EvidenceCircuit.open_until,
        EvidenceCircuit.reason,
    ).order_by(EvidenceCircuit.host)
    return [
        Circuit(row.host, row.failures, row.open_until, row.reason)
        for row in connection.execute(rows)
    ]
