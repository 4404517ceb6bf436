"""What programs of before step 0013 wrote, for the tests of the steps that rewrite it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.store.database.engine import transaction
from app.store.models import Signature, SignatureTag, SignatureTerm, Signer, Version
from app.store.signatures.extraction import Signing

NOW = datetime(2026, 5, 17, 10, tzinfo=UTC)
#: The tag of each thread.
TAG = "a"
_SHA_256 = "2.16.840.1.101.3.4.2.1"


def old_terms(signing: Signing, step: str) -> list[str]:
    """Return what a program of a step made of a signature."""
    lengths = range(1, 17) if step == "0009" else (1, 2, 4, 8, 16)
    found: list[str] = []
    digests = [signing.signature_sha256, signing.content_sha256]
    for _, iin, bin_, name, algorithm, digest, *_ in json.loads(signing.signers):
        found += [f"iin:{iin}"] * bool(iin) + [f"bin:{bin_}"] * bool(bin_)
        if name:
            found += [f"name:{name[:length]}" for length in lengths if length <= len(name)]
            found += [f"person:{name[:200]}"] * (step != "0009" or len(name) > 16)
        if algorithm == _SHA_256:
            digests.insert(-1, digest)
    found += [f"sha256:{digest}" for digest in digests if digest]
    if signing.signed_at:
        day = signing.signed_at.astimezone(UTC).date().isoformat()
        found += [f"decade:{day[:3]}"] * (step == "0009")
        found += [f"year:{day[:4]}", f"month:{day[:7]}", f"day:{day}"]
    return list(dict.fromkeys(found))


def save_old(engine: Engine, document: str, cms: str, signing: Signing, step: str) -> None:
    """Save the first or the next version of a thread, as a program of a step did."""
    terms = old_terms(signing, step)
    with transaction(engine) as connection:
        key, version, kept = _begin(connection, document, signing)
        connection.execute(
            insert(Version).values(
                signature_id=key,
                version=version,
                cms=cms,
                tags=[TAG],
                created_at=NOW,
                terms=terms,
                signature_sha256=signing.signature_sha256,
                content_sha256=signing.content_sha256,
                format=signing.format,
                signature_size=signing.signature_size,
                content_size=signing.content_size,
            )
        )
        for number, iin, bin_, name, algorithm, digest, _, facts, *_ in orjson.loads(
            signing.signers
        ):
            connection.execute(
                insert(Signer).values(
                    signature_id=key,
                    version=version,
                    number=number,
                    claimed_iin=iin,
                    claimed_bin=bin_,
                    claimed_name=name,
                    digest_algorithm=algorithm,
                    message_digest=digest,
                    facts=facts,
                )
            )
        _drop(connection, key, set(kept) - set(terms))
        _add(connection, SignatureTerm, [(term, key) for term in terms if term not in kept])
        _add(connection, SignatureTag, [(TAG, key)])


def delete_old(engine: Engine, document: str) -> None:
    """Delete a thread, as a program of before did."""
    with transaction(engine) as connection:
        key, version = _find(connection, document)
        _drop(connection, key, set(_kept(connection, key, version)))
        connection.execute(delete(SignatureTag).where(SignatureTag.signature_id == key))
        for table in (Signer, Version):
            connection.execute(delete(table).where(table.signature_id == key))
        connection.execute(delete(Signature).where(Signature.id == key))


def _begin(connection: Connection, document: str, signing: Signing) -> tuple[int, int, list[str]]:
    """Write the head; return its id, the number of the new version and the terms of before."""
    found = _find(connection, document)
    if found:
        key, seen = found
        changes = {"version": seen + 1, "claimed_signed_at": signing.signed_at}
        connection.execute(update(Signature).where(Signature.id == key).values(changes))
        return key, seen + 1, _kept(connection, key, seen)
    head = insert(Signature).values(
        document=document,
        thread="main",
        version=1,
        created_at=NOW,
        updated_at=NOW,
        claimed_signed_at=signing.signed_at,
    )
    return connection.execute(head.returning(Signature.id)).scalar_one(), 1, []


def _find(connection: Connection, document: str) -> Any:
    statement = select(Signature.id, Signature.version).where(Signature.document == document)
    return connection.execute(statement).first()


def _kept(connection: Connection, key: int, version: int) -> list[str]:
    statement = select(Version.terms).where(Version.signature_id == key, Version.version == version)
    return connection.execute(statement).scalar_one() or []


def _drop(connection: Connection, key: int, terms: set[str]) -> None:
    connection.execute(
        delete(SignatureTerm).where(
            SignatureTerm.signature_id == key, SignatureTerm.term.in_(terms)
        )
    )


def _add(connection: Connection, table: Any, rows: list[tuple[str, int]]) -> None:
    kind = sqlite if connection.dialect.name == "sqlite" else postgresql
    name = next(iter(table.__table__.columns)).name
    values = [{name: value, "signature_id": key} for value, key in rows]
    if values:
        connection.execute(kind.insert(table).values(values).on_conflict_do_nothing())
