"""OCSP responses."""

import datetime
from collections.abc import Sequence
from typing import Literal

from app.cms.algorithms import registry as algorithms
from tests import der
from tests.pki.certificates import Holder
from tests.pki.crls import Revoked
from tests.pki.keys import SHA1


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
    basic = basic_response(
        signer,
        single,
        at=produced_at or this_update,
        certificates=embedded,
        by_name=by_name,
        extensions=extensions,
        signature=signer.key.sign(b"another") if forged else b"",
    )
    response = der.sequence(der.oid("1.3.6.1.5.5.7.48.1.1"), der.octets(basic))
    return der.sequence(der.enumerated(0), der.explicit(0, response))


def basic_response(
    signer: Holder,
    *singles: bytes,
    at: datetime.datetime,
    certificates: Sequence[Holder] = (),
    by_name: bool = False,
    extensions: Sequence[bytes] = (),
    signature: bytes = b"",
) -> bytes:
    """Encode a BasicOCSPResponse with these answers; `signature` stands in place of the right."""
    responder_id = der.explicit(2, der.octets(signer.key.identifier))
    if by_name:
        responder_id = der.explicit(1, signer.subject)
    listed = der.explicit(1, der.sequence(*extensions)) if extensions else b""
    data = der.sequence(responder_id, der.time(at), der.sequence(*singles), listed)
    embedded = [who.certificate for who in certificates]
    return der.sequence(
        data,
        der.algorithm(signer.key.algorithm),
        der.bits(signature or signer.key.sign(data)),
        der.explicit(0, der.sequence(*embedded)) if embedded else b"",
    )


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
