"""The original's other paths about signatures, answered here instead of by a NCANode server.

What the answers mean, where the original's reference leaves it open:

- `/cms/validate` answers 200 only if every signer is intact and valid and nothing speaks against
  its certificate, and one signer is who was asked for. A certificate that reaches no trust anchor
  is refused: it could not be told from one that an impostor made. Only where the operator has
  set up none, CLAIMS=accept lets claims pass; `content.verification.trusted` then says that it is
  unknown.
- `/validate` has no room for an unknown. It answers false if a rule doesn't hold or the signature
  is not its signer's, and 400 if the certificate has expired, is not legal, or if that can't be
  told. It asks who signed: a detached signature is judged without its content if none is given.
- A certificate that is known to be revoked is refused by both; that it is not must be known only
  if `verify_ocsp` or `verify_crl` says so.
- A signature counts as of its timestamp, if that holds; else as of now, or `checked_at`.
"""

from __future__ import annotations

from base64 import b64encode
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, request
from sqlalchemy import Connection

from app.api import envelope
from app.api.json_response import Answer
from app.api.ncanode.signatures import tag_scope
from app.api.ncanode.validation.certificate_input import parse_either
from app.api.ncanode.validation.holders import write_holder
from app.api.ncanode.validation.rules import Asked, CheckFailed, choose_signer
from app.api.ncanode.validation.schemas import (
    CmsRequest,
    CmsSchema,
    ExtractSchema,
    ValidateRequest,
    ValidateSchema,
    VerifyRequest,
    VerifySchema,
)
from app.api.ncanode.validation.verification import (
    before_expiry,
    demand_good,
    demand_legal,
    demand_legal_signers,
    examine,
    is_signed,
    parse_with_content,
)
from app.api.translations import choose_locale
from app.auth import needs
from app.cms import (
    Certificate,
    Claims,
    Occasion,
    SignedData,
    SignedXml,
    attached_content,
    claims_of,
    iso_moment,
    parse,
)
from app.extensions import current_reads, current_trust
from app.store.signatures import reading
from app.store.signatures.records import SignatureRecord
from app.wording.sentences import Wording
from app.wording.verdicts import Given, write_answers, write_signers, write_verification

blueprint = Blueprint("validation", __name__)

_CMS = CmsSchema()
_EXTRACT = ExtractSchema()
_VALIDATE = ValidateSchema()
_VERIFY = VerifySchema()


@blueprint.post("/cms/validate")
@needs("read", by_tags=True)
def validate_cms() -> Response:
    """Verify a signature, and demand that one of its signers is who was asked for."""
    wanted: CmsRequest = _CMS.read(request)
    at = wanted.checked_at or datetime.now(UTC)
    stored = None
    if wanted.cms is None:
        stored = _stored(wanted.document or "", wanted.thread or "", wanted.version)
    with current_trust().turns.take():
        text = stored.text if stored else wanted.cms or ""
        signature = parse_with_content(text, wanted.data)
        examined = examine(signature, wanted.data, at=at, fetch=wanted.revocation)
    demand_good(examined, revocation=wanted.revocation)
    chosen = choose_signer(examined.claims, wanted.asked, wanted.constraints)
    given: Given = "now" if wanted.checked_at is None else "checked_at"
    wording = _wording()
    content = {
        "signer": write_holder(examined.claims[chosen]),
        "signers": write_signers(examined, given, wording),
        "verification": {
            **write_answers(examined.statuses, wording),
            "checked_at": iso_moment(at),
        },
    }
    return _success(content, wording)


@blueprint.route("/cms/extract", methods=["GET", "POST"])
@needs("read", by_tags=True)
def extract_content() -> Response:
    """Return what was signed, out of the signature: as text if it is UTF-8."""
    text = _EXTRACT.read(request)
    with current_trust().turns.reading(text):
        content = attached_content(parse(text, trailing_zeros=True))
    if content is None:
        raise CheckFailed("cms: the content is not attached, so there is nothing to extract")
    try:
        return envelope.success_text("data", content.decode())
    except UnicodeDecodeError:
        return envelope.success_text("data", b64encode(content).decode(), encoding="base64")


@blueprint.post("/validate")
@needs("read", by_tags=True)
def validate() -> Response:
    """Return whether the rules hold for one who signed, or for the holder of a certificate."""
    wanted: ValidateRequest = _VALIDATE.read(request)
    with current_trust().turns.take():
        given = parse(wanted.text) if wanted.is_xml else parse_either(wanted.text)
        if isinstance(given, Certificate):
            claims = _demand_certificate(given, wanted)
        else:
            claims = _demand_signature(given, wanted)
    passed = any(_passes(wanted.asked, one, wanted.any_rule) for one in claims)
    return envelope.done() if passed else Answer(b'{"status":false}')


def _demand_signature(signature: SignedData | SignedXml, wanted: ValidateRequest) -> list[Claims]:
    """Return what its signers claim; nothing if the signature is not theirs."""
    now = datetime.now(UTC)
    examined = examine(signature, wanted.data, at=now, fetch=wanted.expiration)
    if not is_signed(examined):
        return []
    if not wanted.expiration:
        examined = before_expiry(examined)
    demand_legal_signers(examined.statuses)
    return examined.claims


def _demand_certificate(certificate: Certificate, wanted: ValidateRequest) -> list[Claims]:
    now = datetime.now(UTC)
    at = now if wanted.expiration else min(now, certificate.not_after)
    when = Occasion(at, now)
    judged = current_trust().verify_certificate(certificate, at=when, fetch=wanted.expiration)
    demand_legal(certificate, at, *judged)
    return [claims_of(certificate)]


def _passes(asked: Asked, claims: Claims, any_rule: bool) -> bool:
    return asked.holds_any(claims) if any_rule else asked.holds_all(claims)


@blueprint.route("/signature/verify", methods=["GET", "POST"])
@needs("read", by_tags=True)
def verify_signature() -> Response:
    """Verify a stored signature as of when it was saved, or stamped."""
    wanted: VerifyRequest = _VERIFY.read(request)
    record = _stored(wanted.document, wanted.thread, wanted.version)
    saved_at = record.version_created_at
    with current_trust().turns.take():
        signature = parse(record.text, trailing_zeros=True)
        examined = examine(signature, wanted.data, at=saved_at, fetch=True)
    wording = _wording()
    content = write_verification(
        examined, "saved", wording, version=record.version, saved_at=saved_at
    )
    return _success(content, wording)


def _wording() -> Wording:
    """Return how reasons are told to the caller: in UTC, as all other times of these answers."""
    return Wording(choose_locale(request))


def _success(content: dict[str, Any], wording: Wording) -> Response:
    response = envelope.success(content)
    response.headers["Content-Language"] = wording.language
    return response


def _stored(document: str, thread: str, version: int | None) -> SignatureRecord:
    """Read a stored signature. Raises SignatureNotFound, also where it is out of reach."""

    def find(connection: Connection, _stack: ExitStack) -> SignatureRecord:
        tag_scope.demand_known(connection, document, thread)
        record = reading.get_signature(connection, document, thread, version)
        tag_scope.demand_read(connection, record)
        return record

    return current_reads().read(find)
