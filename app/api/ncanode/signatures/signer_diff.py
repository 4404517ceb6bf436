"""Changes of the signers from version to version, for each version of a thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, pairwise
from typing import Any

import orjson

from app.cms import cut_claim
from app.store.errors import SignatureNotFound
from app.store.signatures.cosigning import Facts, compare_signers, read_facts
from app.store.signatures.large_facts import LargeFacts
from app.store.signatures.records import SignatureRecord

#: The parts of a claim that identify a signer.
_NAMES = ("iin", "bin", "name", "organisation")


def with_diff(
    records: Iterable[SignatureRecord], write: Callable[[SignatureRecord], dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Return versions, newest first, each with the signers that it added, kept and lost.

    The last one is compared with nothing: all of its signers are added. Only two are in memory at
    once.
    """
    for record, older in pairwise(chain(records, [None])):
        if record is not None:
            try:
                changes = compare_signers(_facts_of(older) if older else [], _facts_of(record))
            except SignatureNotFound:
                return  # The thread was deleted meanwhile.
            yield {
                **write(record),
                "diff": {
                    "added": list(map(_who, changes.added)),
                    "kept": list(map(_who, changes.kept)),
                    "lost": list(map(_who, changes.lost)),
                },
            }


def _facts_of(record: SignatureRecord) -> list[Facts]:
    """Return the facts of the signers of a version; if large, only the compared parts.

    Names stored before they were cut are cut here.

    Raises:
        SignatureNotFound: they are large, and the version was deleted meanwhile.
    """
    if not isinstance(record.signers, LargeFacts):
        return read_facts(record.signers)
    return [
        {
            "claimed": {name: cut_claim(facts["claimed"][name]) for name in _NAMES},
            "certificate": {"sha256": facts["certificate"]["sha256"]},
        }
        for facts in map(orjson.loads, record.signers.each())
    ]


def _who(facts: Facts) -> dict[str, Any]:
    """Return the identity that a signer claims."""
    return {"claimed": {name: facts["claimed"][name] for name in _NAMES}}
