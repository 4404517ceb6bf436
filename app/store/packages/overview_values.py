"""What is shown of registered packages to the office: plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement

from app.store.packages.states import State

#: Of a column of 32 bits: PostgreSQL compares it with no higher number.
_HIGHEST: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class AskedPerson:
    """A signer of a package, as the office named the person."""

    number: int
    name: str
    iin: str | None
    bin: str | None
    role: str | None
    #: Documents of the package that this signer signed.
    signed: int
    declined_at: datetime | None
    reason: str | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class AskedThread:
    """A document of a package, and its thread."""

    number: int
    document: str
    thread: str
    title: str
    #: Whether anything is saved in the thread.
    is_begun: bool
    #: Signers of the package who signed its current version.
    signed: int


@dataclass(frozen=True, slots=True)
class DeclinedBy:
    """Who declined to sign, when, and why; `reason` may be the beginning of it."""

    name: str
    number: int
    decided_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class PackageOverview:
    """A package, or a part of it."""

    id: int
    public_id: str
    name: str | None
    type: str
    #: Name of the token that added it.
    member: str | None
    state: State
    created_at: datetime
    sign_by: datetime | None
    rescinded_at: datetime | None
    rescind_message: str | None
    #: How many there are; `people` and `threads` are some of them, in the order they were given.
    signers: int
    documents: int
    people: Sequence[AskedPerson]
    threads: Sequence[AskedThread]
    #: The newest; none for a single package, whose `people` say it. And how many there are.
    declines: Sequence[DeclinedBy]
    declined: int


@dataclass(frozen=True, slots=True)
class Part:
    """Which signers, or documents, of a package are read: those behind a number."""

    behind: int
    limit: int

    def condition(self, number: Any) -> ColumnElement[bool]:
        """Return whether this column is in it."""
        last = min(self.behind + self.limit, _HIGHEST)
        found: ColumnElement[bool] = number.between(self.behind + 1, last)
        return found
