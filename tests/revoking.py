"""CRLs and OCSP responses of the authorities in `tests.pki`."""

import datetime
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.cms.algorithms import registry as algorithms
from tests import der
from tests.pki import SHA1, Holder, extension, signed


@dataclass(frozen=True)
class Revoked:
    """An entry of a CRL, or an OCSP answer; `reason` is the number of CRLReason.

    `invalid_since` is the invalidityDate of an entry.
    """

    serial: int
    when: datetime.datetime
    reason: int | None = None
    invalid_since: datetime.datetime | None = None


def crl(
    issuer: Holder,
    *revoked: Revoked,
    this_update: datetime.datetime,
    next_update: datetime.datetime | None,
    extensions: Sequence[bytes] = (),
    forged: bool = False,
) -> bytes:
    """Issue a CRL (RFC 5280 section 5.1)."""
    entries = []
    for entry in revoked:
        more = []
        if entry.reason is not None:
            more.append(extension("2.5.29.21", der.enumerated(entry.reason)))
        if entry.invalid_since is not None:
            more.append(extension("2.5.29.24", der.time(entry.invalid_since)))
        listed = der.sequence(*more) if more else b""
        entries.append(der.sequence(der.integer(entry.serial), der.time(entry.when), listed))
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
    for entry in revoked:
        number = der.sequence(der.integer(entry.serial), der.time(entry.when))
        entries.insert(chance.randrange(len(entries) + 1), number)
    tbs = der.sequence(
        der.integer(1),
        der.algorithm(issuer.key.algorithm),
        issuer.subject,
        der.time(this_update),
        der.time(next_update),
        der.sequence(b"".join(entries)),
        der.explicit(0, der.sequence(*extensions)) if extensions else b"",
    )
    return signed(tbs, issuer.key, forged=False)


def ocsp(
    issuer: Holder,
    serial: int,
    status: Revoked | Literal["good", "unknown"] = "good",
    *,
    by: Holder | None = None,
    this_update: datetime.datetime,
    next_update: datetime.datetime | None = None,
    certificates: Sequence[Holder] | None = None,
    digest: str = SHA1,
    by_name: bool = False,
    forged: bool = False,
    extensions: Sequence[bytes] = (),
    produced_at: datetime.datetime | None = None,
) -> bytes:
    """Answer by OCSP about a certificate of `issuer` (RFC 6960 section 4.2.1).

    `by` answers in its place, and embeds its own certificate if `certificates` names no others.
    `produced_at` is `this_update` as a rule.
    """
    signer = by or issuer
    embedded = ((by,) if by else ()) if certificates is None else certificates
    single = der.sequence(
        certificate_id(issuer, serial, digest),
        _status(status),
        der.time(this_update),
        der.explicit(0, der.time(next_update)) if next_update else b"",
    )
    responder_id = der.explicit(2, der.octets(signer.key.identifier))
    if by_name:
        responder_id = der.explicit(1, signer.subject)
    listed = der.explicit(1, der.sequence(*extensions)) if extensions else b""
    produced = der.time(produced_at or this_update)
    data = der.sequence(responder_id, produced, der.sequence(single), listed)
    basic = der.sequence(
        data,
        der.algorithm(signer.key.algorithm),
        der.bits(signer.key.sign(b"another" if forged else data)),
        der.explicit(0, der.sequence(*[who.certificate for who in embedded])) if embedded else b"",
    )
    response = der.sequence(der.oid("1.3.6.1.5.5.7.48.1.1"), der.octets(basic))
    return der.sequence(der.enumerated(0), der.explicit(0, response))


def certificate_id(issuer: Holder, serial: int, digest: str = SHA1) -> bytes:
    """Encode a CertID (RFC 6960 section 4.1.1)."""
    return der.sequence(
        der.algorithm(digest, der.NULL),
        der.octets(algorithms.digest(digest, issuer.subject)),
        der.octets(algorithms.digest(digest, issuer.key.bits)),
        der.integer(serial),
    )


def _status(status: Revoked | Literal["good", "unknown"]) -> bytes:
    """Encode a CertStatus (RFC 6960 section 4.2.1)."""
    if not isinstance(status, Revoked):
        return der.implicit(0 if status == "good" else 2, b"")
    reason = b"" if status.reason is None else der.explicit(0, der.enumerated(status.reason))
    return der.explicit(1, der.time(status.when), reason)
