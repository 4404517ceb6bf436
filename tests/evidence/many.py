"""Many versions with evidence, written directly: only their rows matter for evidence records."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy import Engine, insert, text

from app.store.database.engine import transaction
from app.store.models import (
    EvidenceBlob,
    EvidenceItem,
    EvidenceUnrecorded,
    Signature,
    Version,
)

#: Kinds of what is kept for each version alone, and for all of them.
OWN = ("timestamp", "ocsp", "ocsp")
SHARED = ("certificate", "certificate", "certificate", "crl")
STEP = 5000
WHEN = datetime(2026, 1, 1, tzinfo=UTC)


def fill(engine: Engine, count: int) -> None:
    """Add versions 1 of this many threads, which wait for their records."""
    shared = [(kind, f"{kind} {number}".encode()) for number, kind in enumerate(SHARED)]
    with transaction(engine) as connection:
        connection.execute(insert(EvidenceBlob), [_blob(*one) for one in shared])
    for start in range(1, count + 1, STEP):
        numbers = range(start, min(start + STEP, count + 1))
        own = {
            number: [
                (kind, f"{kind} {place} of {number}".encode()) for place, kind in enumerate(OWN)
            ]
            for number in numbers
        }
        with transaction(engine) as connection:
            connection.execute(insert(Signature), [_thread(number) for number in numbers])
            connection.execute(insert(Version), [_version(number) for number in numbers])
            blobs = [_blob(*one) for number in numbers for one in own[number]]
            connection.execute(insert(EvidenceBlob), blobs)
            items = [
                {
                    "signature_id": number,
                    "version": 1,
                    "number": 1,
                    "kind": kind,
                    "sha256": sha256(data).digest(),
                }
                for number in numbers
                for kind, data in (*own[number], *shared)
            ]
            connection.execute(insert(EvidenceItem), items)
            waiting = [{"signature_id": number, "version": 1} for number in numbers]
            connection.execute(insert(EvidenceUnrecorded), waiting)
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            sequence = "pg_get_serial_sequence('signatures', 'id')"
            connection.execute(text(f"SELECT setval({sequence}, {count})"))


def _blob(kind: str, data: bytes) -> dict[str, object]:
    digest = sha256(data).digest()
    return {"sha256": digest, "kind": kind, "data": data, "created_at": WHEN}


def _thread(number: int) -> dict[str, object]:
    return {
        "id": number,
        "document": f"doc {number}",
        "thread": "main",
        "version": 1,
        "created_at": WHEN,
        "updated_at": WHEN,
        "public_id": f"00000000-0000-4000-8000-{number:012}",
    }


def _version(number: int) -> dict[str, object]:
    return {
        "signature_id": number,
        "version": 1,
        "cms_bytes": b"%d" % number,
        "tags": [],
        "created_at": WHEN,
        "signature_sha256": sha256(b"%d" % number).hexdigest(),
    }
