"""What a signer's link leads to: the package, the signer, the documents, and what has been decided.

Five statements for any size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection, Row, bindparam, select

from app.store.database.types import ROW_ID
from app.store.models import Package
from app.store.packages.decisions import DECLINED, REVOKED, Decision, list_decisions
from app.store.packages.links import ALL_DOCUMENTS, Link, read_link_token
from app.store.packages.records import summary_of
from app.store.packages.requirements import Requirements, read_list
from app.store.packages.states import State
from app.store.packages.status import HEAD_BY_ROW, SIGNERS, documents_of, turns_of
from app.store.signatures.standings import Trusted

#: What the holder of a link can do, or why not. In the order in which they are looked for.
LinkState: TypeAlias = Literal[
    "revoked", "cancelled", "done", "signed", "declined", "expired", "draft", "waiting", "ready"
]

_KEY = select(Package.link_key).where(Package.id == bindparam("package_id", type_=ROW_ID))


@dataclass(frozen=True, slots=True)
class AskedSigner:
    """A signer of a package, as the office named the person."""

    number: int
    first_name: str | None
    last_name: str | None
    iin: str | None
    bin: str | None
    role: str | None
    #: Whether this signer signed every document of the package.
    signed: bool
    declined: bool

    @property
    def name(self) -> str:
        """The name; empty if none was given."""
        return " ".join(filter(None, (self.last_name, self.first_name)))


@dataclass(frozen=True, slots=True)
class AskedDocument:
    """A document that the link is for; see `models.PackageDocument`."""

    number: int
    document: str
    thread: str
    name: str | None
    file_name: str | None
    sha256: str | None
    #: Whether the signer of the link has signed it, and whether it is that signer's turn.
    signed: bool
    turn: bool

    @property
    def title(self) -> str:
        """What people call it: the name, else the file's name, else the code."""
        return self.name or self.file_name or self.document


@dataclass(frozen=True, slots=True)
class AskedSigning:
    """What a link leads to."""

    link: Link
    public_id: str
    name: str | None
    #: Name of the token that added the package.
    member: str | None
    package_state: State
    sign_by: datetime | None
    #: When and why the office cancelled the package.
    rescinded_at: datetime | None
    rescind_message: str | None
    signer: AskedSigner
    #: All signers of the package, in their order.
    signers: Sequence[AskedSigner]
    documents: Sequence[AskedDocument]
    #: What was decided about this signer.
    decisions: Sequence[Decision]

    @property
    def state(self) -> LinkState:
        """What the holder of the link can do now, or why nothing."""
        kinds = {one.kind for one in self.decisions}
        signed = all(one.signed for one in self.documents)
        found: list[tuple[bool, LinkState]] = [
            (REVOKED in kinds, "revoked"),
            (self.package_state == "rescinded", "cancelled"),
            (self.package_state == "executed", "done"),
            (signed, "signed"),
            (DECLINED in kinds, "declined"),
            (self.package_state == "expired", "expired"),
            (self.package_state == "draft", "draft"),
            (not any(one.turn for one in self.documents), "waiting"),
        ]
        return next((state for applies, state in found if applies), "ready")

    @property
    def to_sign(self) -> list[AskedDocument]:
        """The documents that can be signed now; none unless the state is `ready`."""
        return [one for one in self.documents if one.turn] if self.state == "ready" else []

    @property
    def declined(self) -> Decision | None:
        """The decision of the signer not to sign."""
        return next((one for one in self.decisions if one.kind == DECLINED), None)


def find_signing(connection: Connection, token: str, trusted: Trusted) -> AskedSigning | None:
    """Return what a token refers to; None if it is not authentic, or its package is gone."""
    link = read_link_token(token, lambda package_id: find_link_key(connection, package_id))
    return None if link is None else _read(connection, link, trusted)


def find_link_key(connection: Connection, package_id: int) -> str | None:
    """Return the key for the tokens of a package, by its row; None if there is none."""
    return connection.execute(_KEY, {"package_id": package_id}).scalar()


def _read(connection: Connection, link: Link, trusted: Trusted) -> AskedSigning | None:
    values = {"package_id": link.package_id}
    head = connection.execute(HEAD_BY_ROW, values).first()
    if head is None:
        return None  # It was deleted in between.
    statement = documents_of(connection.dialect.name, trusted)
    documents = connection.execute(statement, {**values, "of_thread": head.thread}).all()
    signers = connection.execute(SIGNERS, values).all()
    decisions = list_decisions(connection, link.package_id)
    return _signing(link, head, documents, signers, decisions)


def _signing(
    link: Link,
    head: Row[*tuple[Any, ...]],
    documents: Sequence[Row[*tuple[Any, ...]]],
    signers: Sequence[Row[*tuple[Any, ...]]],
    decisions: Sequence[Decision],
) -> AskedSigning | None:
    place = next((at for at, row in enumerate(signers) if row.number == link.signer), None)
    if place is None:
        return None
    requirements = Requirements([(row.iin, row.bin, row.role) for row in signers])
    signed = [requirements.met(read_list(row.claims)) for row in documents]
    summary = summary_of(head, all(map(all, signed)))
    turns = turns_of(summary.type, summary.state)
    mine = [
        _document(row, each[place], turns(each)[place])
        for row, each in zip(documents, signed, strict=True)
        if link.document in (ALL_DOCUMENTS, row.number)
    ]
    if not mine:
        return None
    declined = {one.signer for one in decisions if one.kind == DECLINED}
    people = [
        _signer(row, all(each[at] for each in signed), row.number in declined)
        for at, row in enumerate(signers)
    ]
    return AskedSigning(
        link=link,
        public_id=summary.public_id,
        name=summary.name,
        member=summary.member,
        package_state=summary.state,
        sign_by=summary.sign_by,
        rescinded_at=head.rescinded_at,
        rescind_message=head.rescind_message,
        signer=people[place],
        signers=people,
        documents=mine,
        decisions=[one for one in decisions if one.signer == link.signer],
    )


def _document(row: Row[*tuple[Any, ...]], signed: bool, turn: bool) -> AskedDocument:
    return AskedDocument(
        row.number,
        row.document,
        row.thread,
        row.name,
        row.file_name,
        row.sha256,
        signed,
        turn,
    )


def _signer(row: Row[*tuple[Any, ...]], signed: bool, declined: bool) -> AskedSigner:
    return AskedSigner(
        row.number,
        row.first_name,
        row.last_name,
        row.iin,
        row.bin,
        row.role,
        signed,
        declined,
    )
