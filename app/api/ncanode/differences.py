"""What became of the signers from version to version, beside each version of a thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, pairwise
from typing import Any

from app.store.cosigning import Facts, compare_signers, read_facts
from app.store.records import SignatureRecord


def with_diff(
    records: Iterable[SignatureRecord], write: Callable[[SignatureRecord], dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Write versions, newest first, each with the signers that it added, kept and lost.

    The last one is compared with nothing: all of its signers are added. Only two are held at once.
    """
    for record, older in pairwise(chain(records, [None])):
        if record is not None:
            changes = compare_signers(
                read_facts(older.signers if older else None), read_facts(record.signers)
            )
            yield {
                **write(record),
                "diff": {
                    "added": list(map(_who, changes.added)),
                    "kept": list(map(_who, changes.kept)),
                    "lost": list(map(_who, changes.lost)),
                },
            }


def _who(facts: Facts) -> dict[str, Any]:
    """Write who a signer claims to be."""
    names = ("iin", "bin", "name", "organisation")
    return {"claimed": {name: facts["claimed"][name] for name in names}}
