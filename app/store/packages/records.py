"""Records of packages: plain values, computed where the tables don't have them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Text, cast

from app.store.models import Package
from app.store.packages.states import State, state_of

#: The caller's data kept with a package, as unparsed text.
EXTERNAL_DATA = cast(Package.external_data, Text)


@dataclass(frozen=True, slots=True)
class PackageSummary:
    """A package without its documents and signers."""

    public_id: str
    name: str | None
    #: `concurrent`, `Sequential` or `Counterpart`.
    type: str
    #: Name of the token that added it.
    member: str | None
    #: JSON as text: as objects it would take twenty times the memory.
    external_data: str | None
    sign_by: datetime | None
    state: State
    #: Whether all signers have signed all documents.
    executed: bool


@dataclass(frozen=True, slots=True)
class LinkSource:
    """What the links of a package are made from."""

    package_id: int
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PackageSignerRecord:
    """A required signer."""

    number: int
    first_name: str | None
    last_name: str | None
    email: str | None
    mobile_number: str | None
    order: int


@dataclass(frozen=True, slots=True)
class PackageDocumentRecord:
    """One document of a package. Its code identifies it.

    `asked` are those who are to sign it, as positions in the list of signers; `signed` and `turns`
    have an item for each of them: whether that signer has signed, and whether it is that signer's
    turn now.
    """

    number: int
    document: str
    name: str | None
    file_name: str | None
    order: int
    executed: bool
    asked: Sequence[int]
    signed: Sequence[bool]
    turns: Sequence[bool]


@dataclass(frozen=True, slots=True)
class PackageStatus:
    """A package with its documents and its signers, each in their order.

    The signers of an unregistered thread are read from the connection whenever they are iterated,
    some at a time: they may be tens of thousands with long names.
    """

    summary: PackageSummary
    #: None: no links are requested.
    links: LinkSource | None
    documents: Sequence[PackageDocumentRecord]
    #: The UUID that identifies each signer, now and later.
    signer_ids: Sequence[str]
    signers: Iterable[PackageSignerRecord]


def summary_of(row: Row[*tuple[Any, ...]], executed: bool) -> PackageSummary:
    """Return the summary of a row of `packages` that has `now` beside its columns."""
    state = state_of(
        rescinded_at=row.rescinded_at,
        executed=executed,
        sign_by=row.sign_by,
        opened_at=row.opened_at,
        now=row.now,
    )
    return PackageSummary(
        public_id=row.public_id,
        name=row.name,
        type=row.type,
        member=row.member,
        external_data=row.external_data,
        sign_by=row.sign_by,
        state=state,
        executed=executed,
    )
