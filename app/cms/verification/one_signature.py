"""Signatures that occur more than once in what was sent, and certificates that share their key.

Only the holder of a key can sign, but anyone can write another certificate of the same key beside
a signature that does not name its own (RFC 5035 section 5, RFC 5652 section 5.3).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import NamedTuple, TypeAlias

from app.cms.algorithms.registry import canonical_digest
from app.cms.algorithms.same_key import identify_key
from app.cms.asn1.der import encode_der
from app.cms.asn1.node import DAMAGE
from app.cms.asn1.tags import SET
from app.cms.budget import Budget
from app.cms.errors import TooCostly
from app.cms.signed_data.certificate_set import CertificateSet
from app.cms.signed_data.signer_info import SignerInfo
from app.cms.signed_data.signing_certificate import check_signing_certificate
from app.cms.verdict import Answer, Verdict
from app.cms.x509.certificate import Certificate

Group: TypeAlias = tuple[int, ...]
"""Numbers, ascending, of the signers whose signature is one and the same; empty if it is alone."""


class Signed(NamedTuple):
    """A signature value, and the key that it verifies with; `octets` stand for what is signed.

    `key` is as `identify_key` returns it; `octets` are empty if they are not known.
    """

    key: Hashable
    value: bytes
    octets: bytes


def group_signers(signers: Sequence[SignerInfo], budget: Budget) -> list[Group]:
    """Return for each signer of a CMS which signers have the same signature."""
    if len(signers) == 1:
        return [()]
    keys = [identify_key(signer.certificate.public_key) for signer in signers]
    found = Counter(keys)
    return group_same(
        [
            Signed(key, one.signature, _octets(one, budget) if found[key] > 1 else b"")
            for key, one in zip(keys, signers, strict=True)
        ]
    )


def group_same(signed: Sequence[Signed]) -> list[Group]:
    """Return for each signature the numbers, from 1, of those that are the same.

    That is, that have the same value, or are by one key over the same octets: of an ECDSA value
    anyone can compute another one that verifies.
    """
    found: list[list[int]] = [[number] for number in range(1, len(signed) + 1)]
    first: dict[Hashable, int] = {}
    for place, one in enumerate(signed):
        marks: list[Hashable] = [one.value] if one.value else []
        if one.octets:
            marks.append((one.key, one.octets))
        for mark in marks:
            other = found[first.setdefault(mark, place)]
            if other is not found[place]:
                _merge(found, other, found[place])
    made = {id(group): tuple(sorted(group)) if len(group) > 1 else () for group in found}
    return [made[id(group)] for group in found]


def _merge(found: list[list[int]], group: list[int], other: list[int]) -> None:
    group += other
    for number in other:
        found[number - 1] = group


def _octets(signer: SignerInfo, budget: Budget) -> bytes:
    """Return the signed attributes in DER, or what stands for the content (section 5.4)."""
    algorithm = f"{canonical_digest(signer.digest_algorithm)} ".encode()
    if signer.signed is None:
        return algorithm
    try:
        budget.spend(signer.signed.size)
        return algorithm + encode_der(signer.signed, SET)
    except (TooCostly, *DAMAGE):
        return algorithm + signer.signed.contents


def list_rivals(
    signer: SignerInfo, certificates: CertificateSet, budget: Budget
) -> list[Certificate]:
    """List the certificates of a CMS with the signer's key and another subject.

    None if a signed attribute names one (RFC 5035 section 5).
    """
    own = signer.certificate
    others = [one for one in certificates.with_key(own.public_key) if one.subject != own.subject]
    if not others or (signer.signed and signer.signed_attributes is None):
        return others
    attributes = signer.signed_attributes if signer.signed else None
    return [
        one
        for one in others
        if check_signing_certificate(attributes or {}, one, budget).answer is Answer.YES
    ]


def note_same(
    verdict: Verdict, number: int, group: Group, certificates: Sequence[Certificate]
) -> Verdict:
    """Add a remark that the signature stands there before, for this or another certificate.

    `certificates` are those of all signers, in order.
    """
    before = [one for one in group if one < number]
    if not before or verdict.answer is not Answer.YES:
        return verdict
    own = certificates[number - 1]
    same = next((one for one in before if certificates[one - 1] == own), None)
    if same is not None:
        return verdict.noting("it is a copy of signature {number}", number=same)
    return verdict.noting(
        "the signature of signer {number} is this one too, with another certificate: one of both"
        " has signed",
        number=before[0],
    )
