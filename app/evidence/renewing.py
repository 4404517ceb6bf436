"""Leaves that renew evidence records: of chains of timestamps, and of versions."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from app.cms import objects_to_renew
from app.evidence.records import hash_by, read_file, read_record
from app.store.evidence.drafts import Member, Queued
from app.store.evidence.reading import read_evidence
from app.store.signatures.large_texts import Key


def leaf_of_chain(tokens: Sequence[bytes], proofs: Sequence[bytes], algorithm: str) -> bytes:
    """Return the group that renews a chain of timestamps (RFC 4998 section 5.2), joined.

    It has the digests of all its tokens, see `timestamps_to_renew`; and `proofs`, the digests of
    what proves the newest one, which outlive their own algorithms so.
    """
    return b"".join(sorted({*[hash_by(algorithm, one) for one in tokens], *proofs}))


def members_of(connection: Connection, queued: Queued, algorithm: str) -> Member | None:
    """Return the leaf of a version by an algorithm, for which all of its contents are read.

    None if it needs none: its record has a chain by that algorithm already.
    """
    objects = _read_objects(connection, queued.key)
    if queued.renews is None:
        digests = {hash_by(algorithm, one) for one in objects}
        return Member(queued.key, b"".join(sorted(digests))) if digests else None
    stored = read_record(connection, queued.key)
    if stored is None or stored.last_algorithm == algorithm:
        return None
    digests_of_record = [
        hash_by(algorithm, one)
        for one in objects
        if hash_by(stored.algorithm, one) in stored.members
    ]
    members = objects_to_renew(stored.record, digests_of_record, algorithm)
    former = len(stored.record.chains[-1])
    return Member(queued.key, b"".join(sorted(set(members))), stored.last_id, former)


def _read_objects(connection: Connection, key: Key) -> list[bytes]:
    """Return the contents of a version: the signature as a file, and what was obtained for it."""
    file = read_file(connection, key)
    if file is None:
        return []
    items = read_evidence(connection, key).items
    return [file, *{item.sha256: item.data for item in items}.values()]
