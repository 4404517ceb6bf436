"""A signer's claims as plain values that JSON can represent: for databases, answers and reports.

Everything here is claimed, nothing verified; the keys say so.
"""

import hashlib
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, overload

from app.cms.algorithms.registry import name
from app.cms.signed_data.signer_info import SignerInfo
from app.cms.x509 import names
from app.cms.x509.certificate import Certificate
from app.cms.x509.names import clean, read_name

#: Characters of a text from a certificate, and of policies. RFC 5280 appendix A.1 allows 64
#: characters of a name; a certificate is sent once, but its texts are stored for each signer.
MAX_TEXT, MAX_POLICIES = 500, 50


def signer_facts(signer: SignerInfo) -> dict[str, Any]:
    """Return the claims of one signer; times are ISO 8601 in UTC, serial numbers and digests hex.

    `sha256` and `size`, in bytes, of a timestamp are those of the encoded token. Texts longer than
    MAX_TEXT end with an ellipsis.
    """
    claims = signer.claims
    return {
        "number": signer.number,
        "claimed": {
            "iin": claims.iin,
            "bin": claims.bin,
            "name": cut(claims.common_name),
            "surname": cut(claims.surname),
            "given_name": cut(claims.given_name),
            "patronymic": cut(claims.patronymic),
            "organisation": cut(claims.organisation),
            "email": cut(claims.email),
            "country": cut(claims.country),
            "roles": list(claims.roles),
            "usage": list(claims.usage),
            "policies": [cut(policy) for policy in claims.policies[:MAX_POLICIES]],
            "signing_time": iso_moment(signer.claimed_signing_time),
            "timestamp": _timestamp(signer),
        },
        "certificate": certificate_facts(signer.certificate),
        "digest_algorithm": _algorithm(signer.digest_algorithm),
        "signature_algorithm": _algorithm(signer.signature_algorithm.oid),
        "message_digest": None if signer.message_digest is None else signer.message_digest.hex(),
        "notes": [cut(str(note)) for note in (*claims.notes, *signer.notes)],
    }


@lru_cache(maxsize=512)
def certificate_facts(certificate: Certificate) -> dict[str, Any]:
    """Return what identifies a certificate."""
    return {
        "serial_number": cut(f"{certificate.serial_number:x}"),
        "issuer": cut(name_text(certificate.issuer)),
        "subject": cut(name_text(certificate.subject)),
        "not_before": iso_moment(certificate.not_before),
        "not_after": iso_moment(certificate.not_after),
        "sha256": certificate.fingerprint,
        "key_algorithm": _algorithm(certificate.public_key.algorithm.oid),
    }


def name_text(encoded: bytes) -> str:
    """Return an encoded Name as text: its common name, else all its attributes."""
    read = read_name(encoded)
    return read.value(names.COMMON_NAME) or clean(", ".join(value for _, value in read.attributes))


def _timestamp(signer: SignerInfo) -> dict[str, Any] | None:
    token = signer.timestamp
    if token is None:
        return None
    return {
        "time": iso_moment(token.gen_time),
        "policy": token.policy,
        "serial_number": f"{token.serial_number:x}",
        "authority": token.authority,
        "sha256": hashlib.sha256(token.token).hexdigest(),
        "size": len(token.token),
    }


def _algorithm(oid: str) -> dict[str, str]:
    return {"oid": cut(oid), "name": cut(name(oid))}


@overload
def cut(text: str) -> str: ...
@overload
def cut(text: str | None) -> str | None: ...
def cut(text: str | None) -> str | None:
    """Return a text, cut to MAX_TEXT characters."""
    return text if text is None or len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def iso_moment(moment: datetime | None) -> str | None:
    """Write a time as ISO 8601, in UTC, to the second; None for None."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
