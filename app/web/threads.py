"""Versions as the office's lists show them: from what is stored, without parsing a signature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.cms import Reason, whole_name
from app.services.signer_changes import facts_of
from app.store.errors import SignatureNotFound
from app.store.evidence.reading import VersionStates
from app.store.evidence.reasons import read_reasons
from app.store.signatures.cosigning import Facts, SignerChanges
from app.store.signatures.records import SignatureRecord
from app.web.verdicts import role_name

#: Signers, and tags, of one version that a list shows.
MOST = 20


@dataclass(frozen=True, slots=True)
class PersonView:
    """What a certificate claims about one signer, and how that stands."""

    name: str | None
    organisation: str | None
    iin: str | None
    bin: str | None
    roles: tuple[str, ...]
    #: `valid`: verified up to an anchor; `refused`; `pending`: not known; None: not read.
    standing: str | None


@dataclass(frozen=True, slots=True)
class VersionView:
    """A version in a list."""

    record: SignatureRecord
    people: tuple[PersonView, ...]
    #: Signers that are not among `people`.
    more: int
    tags: tuple[str, ...]
    evidence: VersionStates
    evidence_reasons: tuple[Reason, ...]
    lasts_until: datetime | None
    came: tuple[PersonView, ...] = ()
    lost: tuple[PersonView, ...] = ()


def view_version(
    record: SignatureRecord,
    states: VersionStates | None,
    changes: SignerChanges | None = None,
) -> VersionView:
    """Return what is shown of a version: `states` of its evidence, `changes` of its signers."""
    try:
        facts = facts_of(record)
    except SignatureNotFound:  # It is large, and was deleted meanwhile.
        facts = []
    known = states or VersionStates()
    ends = [one.lasts_until for one in known.signers if one.lasts_until]
    return VersionView(
        record=record,
        people=_people(facts),
        more=max(len(facts) - MOST, 0),
        tags=tuple(record.tags[:MOST]),
        evidence=known,
        evidence_reasons=_reasons(known),
        lasts_until=min(ends, default=None),
        came=_people(changes.added) if changes else (),
        lost=_people(changes.lost) if changes else (),
    )


def _reasons(states: VersionStates) -> tuple[Reason, ...]:
    """Return why evidence is pending or impossible, each reason once."""
    found = read_reasons(states.reason)
    for signer in states.signers:
        found += read_reasons(signer.reason)
    unique = {str(reason): reason for reason in found}
    return tuple(unique.values())[:MOST]


def _people(facts: Sequence[Facts]) -> tuple[PersonView, ...]:
    return tuple(map(_person, facts[:MOST]))


def _person(facts: Facts) -> PersonView:
    claimed, standing = facts["claimed"], facts.get("standing") or {}
    return PersonView(
        name=whole_name(claimed["name"], claimed.get("patronymic")),
        organisation=claimed["organisation"],
        iin=claimed["iin"],
        bin=claimed["bin"],
        roles=tuple(map(role_name, claimed.get("roles") or ())),
        standing=standing.get("state"),
    )
