"""Changes of the signers from version to version, for each version of a thread."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, pairwise

import orjson

from app.cms import cut_claim
from app.store.errors import SignatureNotFound
from app.store.signatures.cosigning import Facts, SignerChanges, compare_signers, read_facts
from app.store.signatures.large_facts import LargeFacts
from app.store.signatures.records import SignatureRecord

#: The parts of a claim that identify a signer.
NAMES = ("iin", "bin", "name", "organisation")


def with_changes(
    records: Iterable[SignatureRecord],
) -> Iterator[tuple[SignatureRecord, SignerChanges]]:
    """Return versions, newest first, each with the signers that it added, kept and lost.

    The last one is compared with nothing: all of its signers are added. Only two are in memory at
    once.
    """
    for record, older in pairwise(chain(records, [None])):
        if record is not None:
            try:
                before = facts_of(older) if older else []
                changes = compare_signers(before, facts_of(record))
            except SignatureNotFound:
                return  # The thread was deleted meanwhile.
            yield record, changes


def facts_of(record: SignatureRecord) -> list[Facts]:
    """Return the facts of the signers of a version; if large, only the compared parts.

    Names stored before they were cut are cut here.

    Raises:
        SignatureNotFound: they are large, and the version was deleted meanwhile.
    """
    if not isinstance(record.signers, LargeFacts):
        return read_facts(record.signers)
    return [
        {
            "claimed": {name: cut_claim(facts["claimed"][name]) for name in NAMES},
            "certificate": {"sha256": facts["certificate"]["sha256"]},
        }
        for facts in map(orjson.loads, record.signers.each())
    ]
