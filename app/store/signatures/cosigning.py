"""Changes of signers from one version to the next, by the identity that they claim."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from app.cms import SHA_256, canonical_digest, cut_claim

#: The facts of one signer, as `app.cms.serialization.signer_facts` writes them.
Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SignerChanges:
    """Signers added, kept and removed; each the facts of one signer."""

    added: list[Facts]
    kept: list[Facts]
    lost: list[Facts]


def compare_signers(before: Sequence[Facts], after: Sequence[Facts]) -> SignerChanges:
    """Compare the signers of a version with those of the one before it."""
    known = {identity(facts) for facts in before}
    present = {identity(facts) for facts in after}
    return SignerChanges(
        added=[facts for facts in after if identity(facts) not in known],
        kept=[facts for facts in after if identity(facts) in known],
        lost=[facts for facts in before if identity(facts) not in present],
    )


def content_differs(
    before: Sequence[Facts], after: Sequence[Facts], sha256: tuple[str | None, str | None]
) -> bool:
    """Return whether two versions certainly sign different content.

    `sha256` are the digests of the content that is known before and after. Digests can only be
    compared if they are by one function; if there is nothing to compare, the answer is False.
    """
    if all(sha256):
        return sha256[0] != sha256[1]
    known = _known_digests(before, sha256[0])
    return any(
        function in known and not digests <= known[function]
        for function, digests in _known_digests(after, sha256[1]).items()
    )


def identity(facts: Facts) -> tuple[str | None, ...]:
    """Return the key that identifies a signer: the claimed name, and the organisation signed for.

    Certificates expire and are renewed, so they identify only signers that claim no name.
    """
    claimed = facts["claimed"]
    person = claimed["iin"] or cut_claim(claimed["name"])  # Facts once held the whole certificate.
    return (person, claimed["bin"]) if person else (facts["certificate"]["sha256"],)


def read_facts(text: str | None) -> list[Facts]:
    """Parse the facts of all signers from the store's JSON."""
    return orjson.loads(text) if text else []


def describe_signer(facts: Facts) -> str:
    """Return a description of a signer: the claimed name and number."""
    claimed = facts["claimed"]
    name = claimed["name"] or facts["certificate"]["subject"] or "?"
    numbers = [f"{kind.upper()} {claimed[kind]}" for kind in ("iin", "bin") if claimed[kind]]
    return f"{name} ({', '.join(numbers)})" if numbers else str(name)


def _known_digests(signers: Sequence[Facts], sha256: str | None) -> dict[str, set[str]]:
    """Return the digests of what was signed, by the one name of their function."""
    known: dict[str, set[str]] = defaultdict(set)
    if sha256:
        known[SHA_256].add(sha256)
    for facts in signers:
        if facts["message_digest"]:
            known[canonical_digest(facts["digest_algorithm"]["oid"])].add(facts["message_digest"])
    return dict(known)
