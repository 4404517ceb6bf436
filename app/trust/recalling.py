"""Verification with what a store has noted against the certificates that it depends on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from app.cms import Certificate, CertificateList, OcspResponse, SignerStatus, noted_digest
from app.store.signatures.revocations import Recall
from app.trust.kept import Kept
from app.trust.loaded import Loaded


def verify_recalling(
    verify: Callable[..., tuple[SignerStatus, ...]],
    loaded: Loaded,
    recall: Recall | None,
    kept: Kept,
    found: Sequence[CertificateList | OcspResponse] = (),
) -> tuple[SignerStatus, ...]:
    """Return what `verify` returns with a verifier that knows what was kept, found and noted.

    What is noted may discredit a timestamp, so that the result depends on other certificates: about
    these it is asked again.
    """
    if not loaded.trusted.anchors:
        recall = None  # What is noted counts only on a path to an anchor.
    asked: set[str] = set()
    while True:
        is_helped = kept.helps or found
        verifier = loaded.knowing_kept(kept, found) if is_helped else loaded.verifier
        statuses = verify(verifier, tokens=kept.tokens)
        new = set(_revocable(statuses)) - asked
        noted = recall(new) if recall and new else ()
        if not noted:
            return statuses
        asked |= new
        kept = replace(kept, noted=(*kept.noted, *noted))


def _revocable(statuses: Iterable[SignerStatus]) -> Iterator[str]:
    """List the digests (`noted_digest`) of certificates of paths, but for those at their ends."""
    for status in statuses:
        yield from _below(status.chain)
        yield from _below(status.timestamp.chain if status.timestamp else ())
        if status.otherwise:
            yield from _revocable([status.otherwise])


def _below(chain: Sequence[Certificate]) -> Iterator[str]:
    return map(noted_digest, chain[:-1])
