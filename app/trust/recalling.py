"""Verification with what a store has noted against the certificates that it depends on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from app.cms import (
    Certificate,
    CertificateList,
    NotedRevocation,
    OcspResponse,
    SignerStatus,
    noted_digest,
    noted_key,
)
from app.store.signatures.revocations import Recall
from app.trust.folder import values
from app.trust.kept import Kept
from app.trust.loaded import Loaded

Result = TypeVar("Result")
Chain = Sequence[Certificate]


def recalling(
    verify: Callable[[tuple[NotedRevocation, ...]], Result],
    chains_of: Callable[[Result], Iterable[Chain]],
    loaded: Loaded,
    recall: Recall | None,
) -> Result:
    """Return what `verify` returns, given what is noted against the certificates of its chains.

    What is noted may discredit a timestamp, so that the result depends on other certificates: about
    these it is asked again.
    """
    noted: tuple[NotedRevocation, ...] = ()
    asked: set[tuple[str, str]] = set()
    anchors = {noted_key(one) for one in values(loaded.contents.anchors)}
    while True:
        result = verify(noted)
        if recall is None or not loaded.trusted.anchors:
            return result  # What is noted counts only on a path to an anchor.
        chains = list(chains_of(result))
        new = {(noted_digest(one), noted_key(one)) for chain in chains for one in chain} - asked
        more = recall({one for one, _ in new}, {key for _, key in new}) if new else ()
        known = dict.fromkeys((*noted, *(_of_anchors(one, anchors) for one in more)))
        if len(known) == len(noted):
            return result
        asked |= new
        noted = tuple(known)


def _of_anchors(noted: NotedRevocation, anchors: Collection[str]) -> NotedRevocation:
    """Return what was noted without the key it speaks against, if its anchor was removed since.

    Of the certificate itself it tells only on a path from the same issuer. An anchor that is not
    trusted any more must not discredit a key of others.
    """
    return noted if noted.anchor_key in anchors else replace(noted, public_key=None)


def verify_recalling(
    verify: Callable[..., tuple[SignerStatus, ...]],
    loaded: Loaded,
    recall: Recall | None,
    kept: Kept,
    found: Sequence[CertificateList | OcspResponse] = (),
) -> tuple[SignerStatus, ...]:
    """Return what `verify` returns with a verifier that knows what was kept, found and noted."""

    def verify_noting(noted: tuple[NotedRevocation, ...]) -> tuple[SignerStatus, ...]:
        known = replace(kept, noted=noted)
        is_helped = known.helps or found
        verifier = loaded.knowing_kept(known, found) if is_helped else loaded.verifier
        return verify(verifier, tokens=kept.tokens)

    return recalling(verify_noting, chains_of, loaded, recall)


def chains_of(statuses: Iterable[SignerStatus]) -> Iterator[Chain]:
    """List the paths of signers and of their timestamps, also those without a timestamp."""
    for status in statuses:
        yield status.chain
        if status.timestamp:
            yield status.timestamp.chain
        if status.otherwise:
            yield from chains_of([status.otherwise])
