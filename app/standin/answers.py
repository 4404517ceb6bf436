"""The answers of NCALayer, as SIGNING.md and its public clients describe them."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from app.standin.cms import Stamp, sign
from app.standin.identity import Identity

BASICS, COMMON_UTILS = "kz.gov.pki.knca.basics", "kz.gov.pki.knca.commonUtils"
_WITH_TIMESTAMP = "createCMSSignatureFromBase64"

Answer = dict[str, Any]


class Mode(StrEnum):
    """What happens when a page asks for a signature."""

    #: It is signed.
    OK = "ok"
    #: The signer cancels.
    CANCEL = "cancel"
    #: An error code is answered.
    ERROR = "error"
    #: Nothing is answered.
    SILENCE = "silence"
    #: The connection is closed.
    CLOSED = "closed"
    #: It is signed, and answered in the older shape: a text instead of a list.
    OLD = "old"
    #: It is signed, but the version is told only after some seconds.
    LATE = "late"


@dataclass(slots=True)
class Wishes:
    """How a request for a signature is answered."""

    mode: Mode = Mode.OK
    #: The code of Mode.ERROR.
    code: str = "SIGNING_FAILURE"
    #: Whether the key is used though it is not one that the page asked for.
    any_key: bool = False
    #: What makes timestamps where a page asks for them; None: nothing does.
    stamp: Stamp | None = None


#: Of the protocol: what a signer's cancelling looks like in `basics`.
CANCELLED: Answer = {"status": True, "body": {}}
_CANCELLED_OLD: Answer = {"code": "500", "message": "action.canceled"}
UNKNOWN_MODULE: Answer = {"success": False, "errorCode": "MODULE_NOT_FOUND"}


def failure(code: str, message: str) -> Answer:
    """Return an error of `basics`."""
    return {"status": False, "code": code, "message": message, "details": message}


def answer(request: Mapping[str, Any], identity: Identity, wishes: Wishes) -> Answer:
    """Return the answer to a request in a mode that answers."""
    module, method, args = request.get("module"), request.get("method"), request.get("args")
    if module == BASICS and method == "sign" and isinstance(args, dict):
        return _sign(args, identity, wishes)
    if module == COMMON_UTILS and isinstance(method, str) and isinstance(args, list):
        return _common_utils(method, args, identity, wishes)
    return UNKNOWN_MODULE


def _sign(args: Mapping[str, Any], identity: Identity, wishes: Wishes) -> Answer:
    mode = wishes.mode
    if mode is Mode.CANCEL:
        return CANCELLED
    if mode is Mode.ERROR:
        return failure(wishes.code, "the stand-in answers as it was told to")
    asked, params = args.get("signerParams") or {}, args.get("signingParams") or {}
    if args.get("format") != "cms":
        return failure("INVALID_SIGNING_PARAMS", "the stand-in signs CMS only")
    if not (wishes.any_key or is_asked_for(identity, asked)):
        return failure("SIGNING_FAILURE", "the test key is not one that was asked for")
    data = args.get("data")
    try:
        made = [_sign_one(identity, one, params, wishes.stamp) for one in _listed(data)]
    except (TypeError, ValueError) as error:
        return failure("INVALID_SIGNING_PARAMS", str(error))
    is_text = mode is Mode.OLD and len(made) == 1
    return {"status": True, "body": {"result": made[0] if is_text else made}}


def _listed(data: object) -> list[str]:
    listed = data if isinstance(data, list) else [data]
    texts = [one for one in listed if isinstance(one, str)]
    if not texts or len(texts) < len(listed):
        raise TypeError("data is a text or a list of texts")
    return texts


def _sign_one(identity: Identity, data: str, params: Mapping[str, Any], stamp: Stamp | None) -> str:
    content = b64decode(data, validate=True) if params.get("decode") else data.encode()
    return sign(
        identity,
        content,
        attached=bool(params.get("encapsulate")),
        digested=bool(params.get("digested")),
        stamp=None if params.get("tsaProfile") is None else stamp,
    )


def is_asked_for(identity: Identity, asked: Mapping[str, Any]) -> bool:
    """Return whether a key is one of those that a page asks for: by purposes, IIN and BIN."""
    purposes = set(asked.get("extKeyUsageOids") or ())
    by_number = {"iin": identity.iin, "bin": identity.bin}
    numbers = all(asked.get(kind) in (None, "", number) for kind, number in by_number.items())
    return purposes <= identity.purposes and numbers


def _common_utils(method: str, args: list[Any], identity: Identity, wishes: Wishes) -> Answer:
    """Answer the older module: the least that its clients need."""
    if wishes.mode is Mode.CANCEL:
        return _CANCELLED_OLD
    if wishes.mode is Mode.ERROR:
        return {"code": "500", "message": "the stand-in answers as it was told to"}
    if method == "getActiveTokens":
        return _good([])
    if method == "getKeyInfo":
        return _good(_key_info(identity))
    if method in ("createCAdESFromBase64", _WITH_TIMESTAMP) and len(args) == 4:
        # The second of them is the one with a timestamp.
        return _create(identity, args, wishes.stamp if method == _WITH_TIMESTAMP else None)
    return {"code": "500", "message": "the stand-in does not know this method"}


def _create(identity: Identity, args: list[Any], stamp: Stamp | None) -> Answer:
    try:
        content = b64decode(args[2], validate=True)
    except (TypeError, ValueError):
        return {"code": "500", "message": "not base64"}
    try:
        made = sign(identity, content, attached=bool(args[3]), digested=False, stamp=stamp)
    except ValueError as error:
        return {"code": "500", "message": str(error)}
    return _good(made)


def _good(value: object) -> Answer:
    return {"code": "200", "message": "OK", "responseObject": value}


def _key_info(identity: Identity) -> dict[str, str]:
    certificate = identity.certificate
    serial = certificate.serial_number
    return {
        "alias": f"{serial:x}",
        "keyId": f"{serial:x}",
        "algorithm": type(identity.key).__name__.upper()[:2],
        "subjectDn": certificate.subject.rfc4514_string(),
        "issuerDn": certificate.issuer.rfc4514_string(),
        "serialNumber": str(serial),
        "certNotBefore": str(int(certificate.not_valid_before_utc.timestamp() * 1000)),
        "certNotAfter": str(int(certificate.not_valid_after_utc.timestamp() * 1000)),
        "pem": b64encode(certificate.public_bytes(Encoding.DER)).decode(),
    }
