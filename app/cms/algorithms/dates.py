"""Dates from which a proof by an algorithm alone is worth nothing: one table for all signatures.

A date is that from which forging was feasible, or the algorithm was publicly given up:

- MD2, MD4: at all times; for both, collisions were known before anything that is read here.
- MD5: 2009-01-01, days after a certificate was forged with it in public (Sotirov, Stevens and
  others, 2008-12-30).
- SHA-1: 2020-01-01, when a collision with chosen prefixes became affordable for anyone ("SHA-1 is a
  Shambles", Leurent and Peyrin, 2020-01-05). NIST had disallowed it for new signatures from 2014 on
  (SP 800-131A), as had authorities of the Web from 2016 on; that does not make signatures of those
  years forged.
- RSA and DSA below 2048 bits: 2014-01-01 (NIST SP 800-131A, table 2).
- SHA-2, SHA-3, RSA and DSA from 2048 bits on, ECDSA on the curves that are supported here, GOST
  34.310-2004 with GOST 34.311-95, and GOST R 34.10 with GOST R 34.11 of 2012 and 2015: no date.

A digest that just identifies something is no proof, and is exempt: ESSCertID version 1 (RFC 5035),
the CertID of OCSP, key identifiers. So is the digest in the mask of RSASSA-PSS, which needs no
collision resistance (RFC 8017 section 9.1).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from app.cms.algorithms.names import DSA, MD5, PSS, RSA, SHA_1, name
from app.cms.algorithms.registry import AlgorithmIdentifier, PublicKey, implied_digest
from app.cms.asn1.node import DAMAGE, read_node
from app.cms.asn1.tags import INTEGER, SEQUENCE

_ALWAYS = datetime.min.replace(tzinfo=UTC)
_DIGESTS = {
    "1.2.840.113549.2.2": _ALWAYS,  # MD2
    "1.2.840.113549.2.4": _ALWAYS,  # MD4
    MD5: datetime(2009, 1, 1, tzinfo=UTC),
    SHA_1: datetime(2020, 1, 1, tzinfo=UTC),
}
_MIN_BITS = 2048
_SMALL = datetime(2014, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Broken:
    """A broken algorithm: its usual name, and the date from which it proves nothing."""

    name: str
    since: datetime


def broken_digest(oid: str) -> Broken | None:
    """Return since when a digest by that algorithm proves nothing; None if it has no such date."""
    since = _DIGESTS.get(oid)
    return Broken(name(oid), since) if since else None


@lru_cache(maxsize=512)
def broken_signature(
    key: PublicKey, algorithm: AlgorithmIdentifier, digest: str | None = None
) -> Broken | None:
    """Return since when a signature by that key and algorithm proves nothing; None if no date.

    `digest` is the one named beside the algorithm, as in a SignerInfo. The earliest date counts:
    that of the digest or that of the key's size.
    """
    oid = implied_digest(algorithm) or digest
    found = broken_digest(oid) if oid else None
    if found:
        label = name(algorithm.oid)
        # Some identifiers name only a kind of key, or a scheme.
        label = label if found.name in label else f"{label} with {found.name}"
        found = Broken(label, found.since)
    return first_broken(found, _broken_key(key))


def first_broken(*found: Broken | None) -> Broken | None:
    """Return the one with the earliest date of all algorithms that a proof depends on."""
    return min((one for one in found if one), key=lambda one: one.since, default=None)


def _broken_key(key: PublicKey) -> Broken | None:
    kind = key.algorithm.oid
    try:
        if kind in (RSA, PSS):  # RSAPublicKey begins with the modulus (RFC 8017 appendix A.1.1).
            number = read_node(key.bits).fields(2).take(INTEGER)
        elif kind == DSA:  # Dss-Parms begin with p (RFC 3279 section 2.3.2).
            number = read_node(key.algorithm.parameters or b"").fields(3, SEQUENCE).take(INTEGER)
        else:
            return None
    except DAMAGE:  # No signature verifies with such a key.
        return None
    bits = int.from_bytes(number.contents, "big").bit_length()
    label = name(DSA if kind == DSA else RSA)
    return Broken(f"{label} of {bits} bits", _SMALL) if bits < _MIN_BITS else None
