"""Migration work for each thread, in committed batches: after a kill it continues.

Servers may serve and save meanwhile, those of the previous version as long as the step isn't done.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib import import_module
from typing import Any, TypeVar

from sqlalchemy import Connection, text

from app.store.migrations import HEAD
from app.store.migrations.steps import read_step_of

#: Begins a transaction that may change the schema.
Migrating = Callable[[], AbstractContextManager[Connection]]
T = TypeVar("T")

_FEWER_TERMS, _SHORT_TERMS = (
    f"app.store.migrations.versions.{name}"
    for name in ("0010_fewer_search_terms", "0013_short_search_terms")
)
#: Whether threads have terms of before step 0013: the digests are the last to go.
_HAS_FORMER_TERMS = text("""
    SELECT EXISTS (SELECT 1 FROM signature_terms WHERE term >= 'sha256:' AND term < 'sha256;')""")


def is_at_newest_step(connection: Connection, schema: str | None) -> bool:
    """Return whether no step is missing, inside `migrating`."""
    return read_step_of(connection, schema) == HEAD


def prepare(migrating: Migrating, schema: str | None) -> None:
    """Do, before the missing steps, work that inside them would block saves for long."""
    with migrating() as connection:
        at = read_step_of(connection, schema)
    for name in (_FEWER_TERMS, _SHORT_TERMS):
        step: Any = import_module(name)
        if at in step.PREPARED_AT:
            _in_batches(migrating, step.add, 0)


def settle(migrating: Migrating) -> None:
    """Remove, after the newest step, what only the previous version needed; nothing if done.

    A server of that version, if it was still running, may have left more of it.
    """
    with migrating() as connection:
        if not connection.execute(_HAS_FORMER_TERMS).scalar_one():
            return
        on_sqlite = connection.dialect.name == "sqlite"
    step: Any = import_module(_SHORT_TERMS)
    _in_batches(migrating, step.add, 0)
    if on_sqlite:
        _in_batches(migrating, step.sweep, ("a", 0))
    _in_batches(migrating, step.remove, 0)


def _in_batches(
    migrating: Migrating, one_batch: Callable[[Connection, T], T | None], first: T
) -> None:
    last: T | None = first
    while last is not None:
        with migrating() as connection:
            last = one_batch(connection, last)
