"""Evidence records (RFC 4998) of stored versions, made of what is stored of their trees."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Connection, select

from app.cms import (
    SHA_256,
    SHA_512,
    EvidenceRecord,
    add_crypto_infos,
    open_file,
    reduce_part,
    renew_timestamp,
    split_values,
    start_chain,
    start_record,
)
from app.store.evidence.reading import KeptItem
from app.store.evidence.records import (
    StoredChain,
    StoredStamp,
    list_token_hashes,
    read_batch_items,
    read_blob,
    read_chains,
)
from app.store.models import Version
from app.store.signatures.large_texts import Key, LargeText, find_text

_HASHES = {SHA_256: hashlib.sha256, SHA_512: hashlib.sha512}


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """The record of a version, and what proves its timestamps.

    `members` are the hash values of the objects that it is about, by the hash algorithm of its
    first chain, `algorithm`. One of the objects is the signature, as a file. `last_id` is the batch
    with which its last chain begins, `last_algorithm` that chain's.
    """

    record: EvidenceRecord
    algorithm: str
    members: frozenset[bytes]
    last_id: int
    last_algorithm: str
    items: tuple[KeptItem, ...]


def read_record(connection: Connection, key: Key) -> StoredRecord | None:
    """Return the record of a version; None if it has none yet.

    Of several it is the oldest that covers all timestamp tokens of the version: it shows that they
    existed the longest. It takes a constant number of statements, besides those for the tokens
    if there are several records.
    """
    records = read_chains(connection, key)
    if not records:
        return None
    chains = records[-1] if len(records) == 1 else _choose(connection, key, records)
    first = chains[0][0]
    batches = {stamp.batch_id for chain in chains for stamp in chain}
    return StoredRecord(
        assemble(chains),
        first.algorithm,
        _members_of(chains),
        chains[-1][0].batch_id,
        chains[-1][0].algorithm,
        read_batch_items(connection, batches),
    )


def _choose(
    connection: Connection, key: Key, records: tuple[tuple[StoredChain, ...], ...]
) -> tuple[StoredChain, ...]:
    """Return the oldest record that covers all tokens; if none does, the newest.

    One that was given up, since an authority was revoked, only counts if there is no other.
    """
    tokens = list_token_hashes(connection, key)
    kept_up = [chains for chains in records if chains[-1][0].due_at is not None]
    for chains in kept_up or records:
        hashed = digest_of(connection, chains[0][0].algorithm)
        if {hashed(one) for one in tokens} <= _members_of(chains):
            return chains
    return records[-1]


def _members_of(chains: tuple[StoredChain, ...]) -> frozenset[bytes]:
    first = chains[0][0]
    return frozenset(split_values(first.members, first.algorithm))


def digest_of(connection: Connection, algorithm: str) -> Callable[[bytes], bytes]:
    """Return a function from the SHA-256 of something obtained to its digest by an algorithm."""

    @cache
    def digest(sha256: bytes) -> bytes:
        if algorithm == SHA_256:
            return sha256
        return hash_by(algorithm, read_blob(connection, sha256))

    return digest


def hash_by(algorithm: str, data: bytes) -> bytes:
    """Return a digest by the hash algorithm of a tree, dotted."""
    return _HASHES[algorithm](data).digest()


def assemble(chains: tuple[StoredChain, ...]) -> EvidenceRecord:
    """Return the record of these chains. Raises ValueError if they don't fit."""
    record: EvidenceRecord | None = None
    for chain in chains:
        first, *others = chain
        lists = _lists_of(first)
        record = (
            start_chain(record, first.algorithm, lists, first.token)
            if record
            else start_record(first.algorithm, lists, first.token)
        )
        for one in others:
            record = renew_timestamp(record, _lists_of(one), one.token)
    if record is None:
        raise ValueError("a record has a chain at least")
    return record


def record_with_proofs(stored: StoredRecord) -> EvidenceRecord:
    """Return a record with what proves its timestamps inside (cryptoInfos), as far as it fits."""
    parts: dict[str, list[bytes]] = {}
    for one in stored.items:
        parts.setdefault(one.kind, []).append(one.data)
    return add_crypto_infos(
        stored.record, parts.get("certificate", ()), parts.get("ocsp", ()), parts.get("crl", ())
    )


def _lists_of(stamp: StoredStamp) -> tuple[tuple[bytes, ...], ...]:
    return reduce_part(stamp.members, stamp.leaves, stamp.tops, stamp.number, stamp.algorithm)


def read_file(connection: Connection, key: Key) -> bytes | None:
    """Return the signature of a version as a file, as it is an object of its record.

    None if there is no such version.
    """
    text = find_text(connection, key)
    if text is None:
        return None
    digest = connection.execute(
        select(Version.signature_sha256).where(
            Version.signature_id == key.signature_id, Version.version == key.version
        )
    ).scalar()
    whole = text.read() if isinstance(text, LargeText) else text
    return open_file(whole, digest).data
