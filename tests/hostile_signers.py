"""Signatures of made-up signers that are as small as can be read, each with much to be found by."""

from __future__ import annotations

import datetime
import hashlib

from tests import der, pki

#: Shorter than that of any key or signature that there is.
_ALGORITHM = der.algorithm("1.2.3")
_COMMON_NAME, _SERIAL_NUMBER, _UNIT = "2.5.4.3", "2.5.4.5", "2.5.4.11"
_ISSUER = pki.distinguished_name((_COMMON_NAME, "C"))
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
    return pki.signed_data(infos, people, None)


def _certificate(serial: int, subject: list[tuple[str, str]]) -> bytes:
    moment = der.either_time(_MOMENT)
    certified = der.sequence(
        der.integer(serial),
        _ALGORITHM,
        _ISSUER,
        der.sequence(moment, moment),
        pki.distinguished_name(*subject),
        der.sequence(_ALGORITHM, der.bits(b"")),
    )
    return der.sequence(certified, _ALGORITHM, der.bits(b""))


def _info(signed: str, serial: int) -> bytes:
    attributes = b""
    if signed:
        digest = der.octets(hashlib.sha256(signed.encode()).digest())
        attributes = der.explicit(
            0,
            der.attribute(pki.CONTENT_TYPE, der.oid(pki.DATA)),
            der.attribute(pki.MESSAGE_DIGEST, digest),
        )
    return der.sequence(
        der.integer(1),
        der.sequence(_ISSUER, der.integer(serial)),
        der.algorithm(pki.SHA256 if signed else "1.2.3"),
        attributes,
        _ALGORITHM,
        der.octets(b"\0"),
    )
