"""Timestamps of trees before they are renewed: do their authorities and algorithms still count?

A timestamp that is renewed goes on proving something. So it is looked at once more, while its
authority's responders still answer: whether the authority was revoked meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from itertools import pairwise
from typing import NamedTuple

from app.cms import (
    Answer,
    Certificate,
    MalformedSignature,
    Reason,
    read_embedded_certificate,
    read_token_facts,
)
from app.evidence.records import hash_by
from app.evidence.revocation import Proof, Question, RevocationSource
from app.store.evidence.batches import Due
from app.store.evidence.ending import Sample
from app.store.evidence.keeping import Item
from app.trust import Trust


class Former(NamedTuple):
    """A chain that is to be renewed: its tokens with their batches, oldest first.

    `proofs` are kept for the newest one: of each its kind and SHA-256.
    """

    due: Due
    tokens: tuple[tuple[int, bytes], ...]
    proofs: tuple[tuple[str, bytes], ...]

    @property
    def certificates(self) -> tuple[bytes, ...]:
        """The SHA-256 of the certificates of the path of its newest token."""
        return tuple(sha for kind, sha in self.proofs if kind == "certificate")


class Look(NamedTuple):
    """What was found out of an authority now, and why it proves nothing any more, if so."""

    items: tuple[Item, ...] = ()
    accused: tuple[Reason, ...] = ()
    #: Of the items, by the hash algorithm of the tree: a CRL may be large.
    digests: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class FormerStamps:
    """Asks once more about the authorities of timestamps, each once for all of its timestamps."""

    trust: Trust
    revocation: RevocationSource
    #: The hash algorithm of the tree that renews them, dotted.
    algorithm: str
    #: Returns what is kept, by its SHA-256.
    read: Callable[[bytes], bytes]
    _looks: dict[tuple[bytes, ...], Look] = field(default_factory=dict)

    def look(self, former: Former) -> Look:
        """Return what is found out now; nothing if there is no answer, which changes nothing."""
        path = former.certificates
        if path not in self._looks:
            listed = _read_all(map(self.read, path))
            self._looks[path] = self._look(former.tokens[-1][1], listed)
        return self._looks[path]

    def _look(self, token: bytes, certificates: Sequence[Certificate]) -> Look:
        try:
            facts = read_token_facts(token, certificates)
        except MalformedSignature:
            return Look()
        loaded = self.trust.loaded()
        chain = loaded.good_chain(facts.authority, facts.gen_time, certificates)
        items: list[Item] = []
        for link in pairwise(chain):
            found = self.revocation.prove(Question(link, facts.gen_time, of_tsa=True))
            if not isinstance(found, Proof) or found.verdict is None:
                continue
            items += [Item(0, one.kind, one.data) for one in found.parts]
            if found.verdict.answer is Answer.NO:
                return Look(tuple(items), found.verdict.reasons)
        digests = [hash_by(self.algorithm, one.data) for one in items]
        return Look(tuple(items), digests=tuple(digests))


def weakens_at(sample: Sample) -> tuple[bytes, datetime | None]:
    """Return the SHA-256 of an authority's certificate, and when its timestamps become weak.

    A sample that can't be read, which is damaged, keeps no other from being renewed.
    """
    try:
        facts = read_token_facts(sample.token, _read_all(sample.certificates))
    except MalformedSignature:
        return b"", None
    return sha256(facts.authority.der).digest(), facts.weakens_at


def _read_all(encoded: Iterable[bytes]) -> list[Certificate]:
    return [one for one in map(read_embedded_certificate, encoded) if one]
