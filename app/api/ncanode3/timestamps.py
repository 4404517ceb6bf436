"""A timestamp as NCANode describes it, if it proves anything."""

from __future__ import annotations

from typing import Any

from app.api.ncanode3.moments import write_moment
from app.cms import Answer, TimestampStatus, name_text

#: Digests of imprints by the names that NCANode has for them; it has none for GOST of 2015.
_DIGESTS = {
    "1.2.840.113549.2.5": "MD5",
    "1.3.14.3.2.26": "SHA1",
    "2.16.840.1.101.3.4.2.4": "SHA224",
    "2.16.840.1.101.3.4.2.1": "SHA256",
    "2.16.840.1.101.3.4.2.2": "SHA384",
    "2.16.840.1.101.3.4.2.3": "SHA512",
    "1.3.36.3.2.2": "RIPEMD128",
    "1.3.36.3.2.1": "RIPEMD160",
    "1.3.36.3.2.3": "RIPEMD256",
    "1.2.398.3.10.1.3.1": "GOST34311",
    "1.2.398.3.10.1.3.1.1.0": "GOST34311GT",
}


def write_timestamp(status: TimestampStatus | None) -> dict[str, Any] | None:
    """Return the timestamp of a signer, null if there is none that is verified.

    NCANode shows any, also a forged one, whose time its clients take for the time of signing.
    """
    if status is None or status.gen_time is None or status.verdict.answer is not Answer.YES:
        return None
    return {
        "serialNumber": _write_serial_number(status.serial_number or 0),
        "genTime": write_moment(status.gen_time),
        "policy": status.policy,
        "tsa": status.authority and name_text(status.authority.subject),
        "tspHashAlgorithm": _DIGESTS.get(status.imprint_algorithm or ""),
        "hash": (status.imprint or b"").hex(),
    }


def _write_serial_number(number: int) -> str:
    """Return the two's complement of a number as hexadecimal bytes."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True).hex()
