"""A timestamp token of a tree: who issued it, when, and for how long its algorithms prove it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from app.cms.algorithms.dates import Broken, broken_digest, broken_signature
from app.cms.asn1.node import DAMAGE, read_node
from app.cms.errors import MalformedSignature
from app.cms.path.issuers import GivenAuthorities
from app.cms.signed_data.certificate_set import CertificateSource
from app.cms.signed_data.signer_info import SignerInfo
from app.cms.signed_data.timestamp_token import TimestampToken
from app.cms.x509.certificate import Certificate


class TokenFacts(NamedTuple):
    """What a token claims, and the certificate that it names; nothing is verified.

    `weakens_at` is the earliest date from which an algorithm proves nothing that the token depends
    on: that of its signature, or of a certificate at hand. None: they have no date.
    """

    gen_time: datetime
    authority: Certificate
    weakens_at: datetime | None


def read_token_facts(token: bytes, certificates: Sequence[Certificate]) -> TokenFacts:
    """Read a token that was verified before; `certificates` are those of its path, in any order.

    Raises MalformedSignature if it can't be read, or if its certificate is nowhere.
    """
    try:
        return _read(token, certificates)
    except DAMAGE as error:
        raise MalformedSignature("the timestamp token is malformed") from error


def _read(token: bytes, certificates: Sequence[Certificate]) -> TokenFacts:
    parsed = TimestampToken(read_node(token))
    [signer] = parsed.signed_data.signers
    given = GivenAuthorities(certificates)
    sources: tuple[CertificateSource, ...] = (given, parsed.signed_data.certificate_set)
    authority = _find(signer, sources)
    found = [*_of_signature(signer, authority), *_of_path((authority, *certificates), given)]
    dates = [one.since for one in found if one]
    return TokenFacts(parsed.claims.gen_time, authority, min(dates, default=None))


def _find(signer: SignerInfo, sources: Sequence[CertificateSource]) -> Certificate:
    given, embedded = sources
    try:
        return signer.find_certificate(given)
    except MalformedSignature:
        return signer.find_certificate(embedded)


def _of_signature(signer: SignerInfo, authority: Certificate) -> Iterator[Broken | None]:
    yield broken_digest(signer.digest_algorithm)
    yield broken_signature(
        authority.public_key, signer.signature_algorithm, signer.digest_algorithm
    )


def _of_path(
    certificates: Sequence[Certificate], authorities: GivenAuthorities
) -> Iterator[Broken | None]:
    """Return the dates of the certificates' own signatures, but for those that signed themselves.

    Of issuers with the same name all count, since any of them may be the one.
    """
    for one in dict.fromkeys(certificates):
        if not one.self_issued:
            for issuer in authorities.named(one.issuer):
                yield broken_signature(issuer.public_key, one.signature_algorithm)
