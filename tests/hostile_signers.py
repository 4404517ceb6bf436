"""Signatures of made-up signers that are as small as can be read, each with much to be found by."""

from __future__ import annotations

import datetime
import hashlib

from tests import der

_SHA_256 = "2.16.840.1.101.3.4.2.1"
_DATA, _SIGNED_DATA = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.2"
_CONTENT_TYPE, _MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
#: Shorter than that of any key or signature that there is.
_ALGORITHM = der.algorithm("1.2.3")
_COMMON_NAME, _SERIAL_NUMBER, _UNIT = "2.5.4.3", "2.5.4.5", "2.5.4.11"
_ISSUER = der.sequence(der.set_of(der.sequence(der.oid(_COMMON_NAME), der.utf8("C"))))
_MOMENT = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)


def made_up(
    names: list[str], *, numbers: bool = False, digests: bool = False, seed: int = 0
) -> bytes:
    """Return a CMS with a signer of each name, and numbers and digests of what was signed."""
    people = [
        _certificate(
            serial,
            [(_COMMON_NAME, name)] * bool(name)
            + [(_SERIAL_NUMBER, f"IIN{seed:06}{serial:06}")] * numbers
            + [(_UNIT, f"BIN{seed:06}{serial:06}")] * numbers,
        )
        for serial, name in enumerate(names)
    ]
    infos = [_info(f"{seed} {serial}" * digests, serial) for serial in range(len(names))]
    signed = der.sequence(
        der.integer(1),
        der.tlv(0x31),
        der.sequence(der.oid(_DATA)),
        der.explicit(0, *people),
        der.tlv(0x31, b"".join(infos)),
    )
    return der.sequence(der.oid(_SIGNED_DATA), der.explicit(0, signed))


def _certificate(serial: int, subject: list[tuple[str, str]]) -> bytes:
    rdns = (der.set_of(der.sequence(der.oid(kind), der.utf8(text))) for kind, text in subject)
    moment = der.tlv(23, _MOMENT.strftime("%y%m%d%H%M%SZ").encode())
    certified = der.sequence(
        der.integer(serial),
        _ALGORITHM,
        _ISSUER,
        der.sequence(moment, moment),
        der.sequence(*rdns),
        der.sequence(_ALGORITHM, der.bits(b"")),
    )
    return der.sequence(certified, _ALGORITHM, der.bits(b""))


def _info(signed: str, serial: int) -> bytes:
    attributes = b""
    if signed:
        digest = der.octets(hashlib.sha256(signed.encode()).digest())
        attributes = der.explicit(
            0,
            der.attribute(_CONTENT_TYPE, der.oid(_DATA)),
            der.attribute(_MESSAGE_DIGEST, digest),
        )
    return der.sequence(
        der.integer(1),
        der.sequence(_ISSUER, der.integer(serial)),
        der.algorithm(_SHA_256 if signed else "1.2.3"),
        attributes,
        _ALGORITHM,
        der.octets(b"\0"),
    )
