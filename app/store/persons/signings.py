"""The signings of one person: threads that are signed, and threads that packages request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row

from app.store.persons.statements import Kind, more_statement, page_statement
from app.store.search import terms
from app.store.search.counts import Count, Counted, count_kept
from app.store.signatures.standings import State, Trusted, standing_of

_TERMS = {"iin": terms.iin, "bin": terms.bin_}


@dataclass(frozen=True, slots=True)
class Person:
    """Twelve digits, and whether they are an IIN or a BIN: both, if that isn't known."""

    number: str
    kinds: tuple[Kind, ...]

    @property
    def parameters(self) -> dict[str, Any]:
        """The values for the placeholders of the statements."""
        return {
            "number": self.number,
            **{f"term_{kind}": _TERMS[kind](self.number) for kind in self.kinds},
        }


@dataclass(frozen=True, slots=True)
class OwnSignature:
    """The person's signature in a version.

    `token_sha256` (hex) and `token_size` (bytes) are of the timestamp token; None if there is none,
    or if it was saved before they were read.
    """

    certificate_sha256: str
    claimed_signing_time: datetime | None
    verified_gen_time: datetime | None
    token_sha256: str | None
    token_size: int | None
    #: `valid`, `pending` or `refused`; see `standings`.
    state: State
    #: Whether it counts as signed, whatever was to be signed; and whether it is over the document
    #: that the thread is about as far as is known without a package (`same_document`).
    counts: bool
    is_same: bool
    #: Digest algorithm, dotted, and the digest of the content, hex.
    digest_algorithm: str
    message_digest: str | None
    #: SHA-256 of what was signed, hex, if it is known from the version or a former one.
    content_sha256: str | None


@dataclass(frozen=True, slots=True)
class SignedVersion:
    """The current version of a thread that the person signed; see `models.Version`."""

    created_at: datetime
    format: str | None
    method: str | None
    signature_sha256: str | None
    signature_size: int | None
    content_sha256: str | None
    content_size: int | None
    #: In the order of the signature.
    own: tuple[OwnSignature, ...]


@dataclass(frozen=True, slots=True)
class PersonSigning:
    """One thread. `public_id` is None if nothing was saved yet, `signed` is None if not signed."""

    document: str
    thread: str
    public_id: str | None
    signed: SignedVersion | None


def count_signings(connection: Connection, person: Person) -> Count:
    """Return the number of all signings of a person."""
    signed = [
        count_kept(connection, Counted("term", _TERMS[kind](person.number)))
        for kind in person.kinds
    ]
    more = connection.execute(more_statement(person.kinds), person.parameters).scalar_one()
    to_keep = tuple(one for found in signed for one in found.to_keep)
    return Count(sum(found.number for found in signed) + more, to_keep)


def list_signings(
    connection: Connection, person: Person, trusted: Trusted, *, limit: int, offset: int
) -> list[PersonSigning]:
    """Return a page of a person's signings, newest first, each thread once.

    A signed thread is dated by its first version, a requested one by the newest package that has
    it. Requested threads have a package and are not signed by the person.
    """
    page = {"limit": limit, "offset": offset, "reach": offset + limit}
    rows = connection.execute(page_statement(person.kinds, trusted), person.parameters | page)
    return [_signing(list(of_thread), trusted) for _, of_thread in groupby(rows, _place)]


def _place(row: Row[*tuple[Any, ...]]) -> Sequence[Any]:
    return (row.signed, row.major, row.minor)


def _signing(rows: Sequence[Row[*tuple[Any, ...]]], trusted: Trusted) -> PersonSigning:
    first = rows[0]
    signed = None
    if first.version_created_at is not None:
        signed = SignedVersion(
            first.version_created_at,
            first.format,
            first.method,
            first.signature_sha256,
            first.signature_size,
            first.content_sha256,
            first.content_size,
            tuple(_own_signatures(rows, trusted)),
        )
    return PersonSigning(first.document, first.thread, first.public_id, signed)


def _own_signatures(
    rows: Iterable[Row[*tuple[Any, ...]]], trusted: Trusted
) -> Iterator[OwnSignature]:
    for row in rows:
        claimed = row.claimed_signing_time
        standing = standing_of(row)
        state = trusted.state(standing)
        yield OwnSignature(
            row.certificate_sha256,
            datetime.fromisoformat(claimed) if claimed else None,
            row.verified_gen_time if state == "valid" else None,
            row.token_sha256,
            row.token_size,
            state,
            trusted.counts(standing),
            bool(row.is_same),
            row.digest_algorithm,
            row.message_digest,
            row.content_sha256 or row.carried_sha256,
        )
