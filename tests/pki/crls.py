"""CRLs."""

import datetime
import random
from collections.abc import Sequence
from dataclasses import dataclass

from tests import der
from tests.pki.certificates import Holder, extension, signed


@dataclass(frozen=True)
class Revoked:
    """An entry of a CRL, or an OCSP answer; `reason` is the number of CRLReason.

    `invalid_since` is the invalidityDate of an entry.
    """

    serial: int
    when: datetime.datetime
    reason: int | None = None
    invalid_since: datetime.datetime | None = None

    def entry(self) -> bytes:
        """Encode what a CRL says of it."""
        more = []
        if self.reason is not None:
            more.append(extension("2.5.29.21", der.enumerated(self.reason)))
        if self.invalid_since is not None:
            more.append(extension("2.5.29.24", der.time(self.invalid_since)))
        listed = der.sequence(*more) if more else b""
        return der.sequence(der.integer(self.serial), der.time(self.when), listed)


def numbered(number: int, base: int | None = None, scope: bytes = b"") -> list[bytes]:
    """Encode a CRLNumber, the number of the base of a delta CRL, and an AuthorityKeyIdentifier."""
    listed = [extension("2.5.29.20", der.integer(number))]
    if base is not None:
        listed.append(extension("2.5.29.27", der.integer(base), critical=True))
    if scope:
        listed.append(extension("2.5.29.35", der.sequence(der.implicit(0, scope))))
    return listed


def crl(
    issuer: Holder,
    *revoked: Revoked | bytes,
    this_update: datetime.datetime,
    next_update: datetime.datetime | None,
    extensions: Sequence[bytes] = (),
    forged: bool = False,
) -> bytes:
    """Issue a CRL (RFC 5280 section 5.1) with these entries."""
    entries = [each if isinstance(each, bytes) else each.entry() for each in revoked]
    tbs = der.sequence(
        der.integer(1),
        der.algorithm(issuer.key.algorithm),
        issuer.subject,
        der.time(this_update),
        der.time(next_update) if next_update else b"",
        der.sequence(*entries) if entries else b"",
        der.explicit(0, der.sequence(*extensions)) if extensions else b"",
    )
    return signed(tbs, issuer.key, forged)


def large_crl(
    issuer: Holder,
    size: int,
    *revoked: Revoked,
    this_update: datetime.datetime,
    next_update: datetime.datetime,
    extensions: Sequence[bytes] = (),
) -> bytes:
    """Issue a CRL of the NCA's shape with `size` entries of random serial numbers besides."""
    chance = random.Random(size)
    when = der.time(this_update)
    reason = der.sequence(extension("2.5.29.21", der.enumerated(4)))
    entries = [
        der.sequence(b"\x02\x14" + bytes((number % 127 + 1,)) + chance.randbytes(19), when, reason)
        for number in range(size)
    ]
    for each in revoked:
        entries.insert(chance.randrange(len(entries) + 1), each.entry())
    return crl(
        issuer,
        *entries,
        this_update=this_update,
        next_update=next_update,
        extensions=extensions,
    )
