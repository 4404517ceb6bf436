"""Changes of the signers from version to version, as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from app.services.signer_changes import NAMES, with_changes
from app.store.signatures.cosigning import Facts
from app.store.signatures.records import SignatureRecord


def with_diff(
    records: Iterable[SignatureRecord], write: Callable[[SignatureRecord], dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Return versions as `with_changes` does, written, each with its changes."""
    for record, changes in with_changes(records):
        yield {
            **write(record),
            "diff": {
                "added": list(map(_who, changes.added)),
                "kept": list(map(_who, changes.kept)),
                "lost": list(map(_who, changes.lost)),
            },
        }


def _who(facts: Facts) -> dict[str, Any]:
    """Return the identity that a signer claims."""
    return {"claimed": {name: facts["claimed"][name] for name in NAMES}}
