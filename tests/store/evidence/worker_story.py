"""Run as a program: a worker that claims and keeps, without an end, until it is killed.

Arguments: DATABASE_URL, and the seconds of a lease. It prints a line when it begins.
"""

from __future__ import annotations

import sys
from uuid import uuid4

from sqlalchemy import Engine

from app.store.database.engine import transaction
from app.store.evidence import jobs
from app.store.evidence.keeping import keep, mark_pending
from app.store.evidence.sweeping import sweep
from app.store.signatures.large_texts import Key
from tests.conftest import opened
from tests.store.evidence.queued import COMPLETE, evidence_of, token


def work(engine: Engine, seconds: float) -> int:
    """Claim some jobs, keep evidence for each, and sweep; return how many were claimed."""
    holder = str(uuid4())
    with transaction(engine) as connection:
        claimed = jobs.claim(connection, 3, holder, seconds)
    for job in claimed:
        _obtain(engine, job.key, holder)
    with transaction(engine) as connection:
        sweep(connection)
    return len(claimed)


def _obtain(engine: Engine, key: Key, holder: str) -> None:
    with transaction(engine) as connection:
        is_mine = mark_pending(connection, key, [token(key)], holder)
    if is_mine:
        with transaction(engine) as connection:
            keep(connection, key, evidence_of(key), [COMPLETE], holder)


def main(url: str, seconds: str) -> None:
    """Work until the end."""
    with opened(url) as engine:
        print("ready", flush=True)  # noqa: T201 - for the test that started it
        while True:
            work(engine, float(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
