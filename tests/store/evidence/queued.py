"""How the tests of evidence fill the queue, work on it, and look at what is kept."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, func, select

from app.store.database.engine import saving, transaction
from app.store.evidence import jobs, keeping
from app.store.evidence.jobs import Job
from app.store.evidence.keeping import Item, State
from app.store.models import (
    EvidenceBlob,
    EvidenceItem,
    EvidenceJob,
    EvidenceState,
    EvidenceThread,
)
from app.store.signatures.extraction import read_text
from app.store.signatures.large_texts import Key
from app.store.signatures.writing import NewVersion, save_version

#: What serves all versions, larger than what a backup reads together with others.
LIST = b"a list of revocations" * 1000
#: Seconds of a lease that does not end here, and of one that has ended.
LONG, OVER = 600.0, -1.0
COMPLETE = State(number=1, state="complete", card=True)


def queue(
    engine: Engine,
    *documents: str,
    urgency: int | None = 2,
    seen: int | None = None,
    cms: str = "CMS",
) -> list[Key]:
    """Save a version of each document, with a job."""
    keys = []
    for document in documents:
        new = NewVersion(document=document, thread="main", cms=cms)
        with saving(engine) as connection:
            saved = save_version(connection, new, read_text(cms), seen, new_evidence=urgency)
        keys.append(Key(saved.record.id, saved.record.version))
    return keys


def claim(engine: Engine, holder: str = "me", limit: int = 100, seconds: float = LONG) -> list[Job]:
    """Claim jobs in a transaction of their own."""
    with transaction(engine) as connection:
        return jobs.claim(connection, limit, holder, seconds)


def claimed(engine: Engine, holder: str = "me", seconds: float = LONG) -> list[Key]:
    """Claim jobs, and return their versions."""
    return [job.key for job in claim(engine, holder, seconds=seconds)]


def token(key: Key) -> Item:
    """Return a token that no other version has."""
    return Item(1, "timestamp", f"token of {key.signature_id}.{key.version}".encode())


def evidence_of(key: Key) -> list[Item]:
    """Return what is kept for a version: its own token, and a list that serves all."""
    return [token(key), Item(1, "crl", LIST)]


def keep(engine: Engine, key: Key, holder: str = "me", *states: State) -> bool:
    """Keep all evidence of a version."""
    with transaction(engine) as connection:
        return keeping.keep(connection, key, evidence_of(key), states or [COMPLETE], holder)


def number_of_rows(engine: Engine, *tables: Any) -> list[int]:
    """Count the rows of each table."""
    with engine.connect() as connection:
        return [
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in tables
        ]


#: The tables of what a worker keeps, without those of jobs and circuits.
KEPT = (EvidenceBlob, EvidenceItem, EvidenceState, EvidenceThread)


def left_over(engine: Engine) -> list[int]:
    """Count what there is of evidence."""
    return number_of_rows(engine, EvidenceJob, *KEPT)
