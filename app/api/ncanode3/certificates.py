"""A certificate as NCANode describes it. What it says of its subject is a claim."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from app.api.ncanode3.judging import is_good
from app.api.ncanode3.moments import write_moment
from app.api.ncanode3.names import write_issuer, write_name
from app.api.ncanode3.revocations import Status, write_revocations
from app.cms import Certificate, MalformedExtension, claims_of, cut_claim, key_usage
from app.wording.sentences import Wording

#: The roles of NCANode's version 3. Newer ones have other names there, so they are left out.
ROLES = frozenset(
    {
        "INDIVIDUAL",
        "ORGANIZATION",
        "CEO",
        "CAN_SIGN",
        "CAN_SIGN_FINANCIAL",
        "HR",
        "EMPLOYEE",
        "NCA_PRIVILEGES",
        "NCA_ADMIN",
        "NCA_MANAGER",
        "NCA_OPERATOR",
        "IDENTIFICATION",
        "IDENTIFICATION_CON",
        "IDENTIFICATION_REMOTE",
        "IDENTIFICATION_REMOTE_DIGITAL_ID",
    }
)
#: Signature algorithms by their names in Java; of an unknown one the identifier is written.
_JAVA_NAMES = {
    "1.2.840.113549.1.1.4": "MD5withRSA",
    "1.2.840.113549.1.1.5": "SHA1withRSA",
    "1.2.840.113549.1.1.14": "SHA224withRSA",
    "1.2.840.113549.1.1.11": "SHA256withRSA",
    "1.2.840.113549.1.1.12": "SHA384withRSA",
    "1.2.840.113549.1.1.13": "SHA512withRSA",
    "1.2.840.113549.1.1.10": "RSASSA-PSS",
    "1.2.840.10045.4.1": "SHA1withECDSA",
    "1.2.840.10045.4.3.1": "SHA224withECDSA",
    "1.2.840.10045.4.3.2": "SHA256withECDSA",
    "1.2.840.10045.4.3.3": "SHA384withECDSA",
    "1.2.840.10045.4.3.4": "SHA512withECDSA",
    "1.2.398.3.10.1.1.1.2": "ECGOST34310",
    "1.2.398.3.10.1.1.2.3.1": "ECGOST3410-2015-256",
    "1.2.398.3.10.1.1.2.3.2": "ECGOST3410-2015-512",
}


def write_certificate(status: Status, asked: Sequence[str], wording: Wording) -> dict[str, Any]:
    """Return a certificate, and whether it is good as of the decisive time."""
    certificate = status.certificate
    claims = claims_of(certificate)
    return {
        "valid": is_good(status, asked),
        "revocations": write_revocations(status, asked, wording),
        "notBefore": write_moment(certificate.not_before),
        "notAfter": write_moment(certificate.not_after),
        "keyUsage": _name_usage(certificate),
        "serialNumber": cut_claim(f"{certificate.serial_number:x}"),
        "signAlg": _name_algorithm(certificate),
        "keyUser": [role for role in claims.roles if role in ROLES],
        "publicKey": _base64(certificate.public_key.der),
        "signature": _base64(certificate.signature),
        "subject": write_name(certificate.subject, email=claims.email),
        "issuer": write_issuer(certificate.issuer),
    }


def _name_usage(certificate: Certificate) -> str:
    """Return what NCANode takes a key for, by its keyUsage alone."""
    try:
        usages = set(key_usage(certificate) or ())
    except MalformedExtension:
        return "UNKNOWN"
    if {"digitalSignature", "nonRepudiation"} <= usages:
        return "SIGN"
    return "AUTH" if {"digitalSignature", "keyEncipherment"} <= usages else "UNKNOWN"


def _name_algorithm(certificate: Certificate) -> str:
    oid = certificate.signature_algorithm.oid
    return _JAVA_NAMES.get(oid) or cut_claim(oid)


def _base64(data: bytes) -> str:
    return b64encode(data).decode()
