"""What reads give of packages: plain values, computed where the tables don't have them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Text, cast

from app.store.models import Package
from app.store.packages.states import State, state_of

#: What the one who added a package keeps with it, as the text that it is.
EXTERNAL_DATA = cast(Package.external_data, Text)


@dataclass(frozen=True, slots=True)
class PackageSummary:
    """A package without what is in it."""

    public_id: str
    name: str | None
    #: `concurrent`, `Sequential` or `Counterpart`.
    type: str
    #: Name of the token that added it.
    member: str | None
    #: JSON as text: as objects it would take twenty times as much.
    external_data: str | None
    sign_by: datetime | None
    state: State
    #: Whether everybody has signed everything.
    executed: bool


@dataclass(frozen=True, slots=True)
class LinkSource:
    """What the links of a package are made with."""

    package_id: int
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PackageSignerRecord:
    """One who must sign. `key` tells this one from the others of the package, also next time."""

    number: int
    key: str
    first_name: str | None
    last_name: str | None
    email: str | None
    mobile_number: str | None
    order: int


@dataclass(frozen=True, slots=True)
class PackageDocumentRecord:
    """One document of a package. Its code tells it from the others.

    `asked` are those who are to sign it, by their places in the list of signers; `signed` and
    `turns` have an item for each of them: whether that one has signed, and whether it is that
    one's turn now.
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
    """A package with its documents and its signers, each in their order."""

    summary: PackageSummary
    #: None: no links are wanted.
    links: LinkSource | None
    documents: Sequence[PackageDocumentRecord]
    signers: Sequence[PackageSignerRecord]


def summary_of(row: Row[*tuple[Any, ...]], executed: bool) -> PackageSummary:
    """Make a summary of a row of `packages`, with `now` beside its columns."""
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
