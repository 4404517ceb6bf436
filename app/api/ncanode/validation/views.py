"""The original's other paths about signatures, without an NCANode server.

Meanings that the original's reference leaves open:

- `/cms/validate` answers 200 only if every signer is intact and valid and nothing speaks against
  its certificate, and one signer meets the requirements. A certificate without a path to a trust
  anchor is refused: an impostor could have made it. Only if no anchor is set up, CLAIMS=accept lets
  claims pass; `content.verification.trusted` is then unknown.
- `/validate` can't express an unknown. It answers false if a rule doesn't hold or the signature is
  not its signer's, and 400 if the certificate has expired, is not legal, or if that can't be
  determined. It is about who signed: a detached signature is judged without its content if none is
  given.
- Both refuse a certificate that is known to be revoked; non-revocation must be known only with
  `verify_ocsp` or `verify_crl`.
- A signature is judged as of its timestamp, if that is valid; else as of now, or `checked_at`.
"""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, request

from app.api import envelope
from app.api.json_response import Answer
from app.api.ncanode.validation.certificate_input import parse_either
from app.api.ncanode.validation.holders import write_holder
from app.api.ncanode.validation.rules import CheckFailed, SignerRequirements, choose_signer
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
    is_signed,
    require_content,
    require_good,
    require_legal,
    require_legal_signers,
)
from app.auth import needs
from app.cms import (
    Certificate,
    Claims,
    GivenContent,
    Occasion,
    SignedData,
    SignedXml,
    attached_content,
    claims_of,
    iso_moment,
    parse,
)
from app.extensions import current_trust
from app.services.examining import examine, examine_stored
from app.services.kept_contents import known_content
from app.services.stored import get_stored, key_of
from app.services.translations import choose_locale
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
    """Verify a signature, and require that one of its signers meets the requirements."""
    wanted: CmsRequest = _CMS.read(request)
    at = wanted.checked_at or datetime.now(UTC)
    stored = None
    if wanted.cms is None:
        stored = get_stored(wanted.document or "", wanted.thread or "", wanted.version)
    with current_trust().turns.take():
        text = stored.text if stored else wanted.cms or ""
        signature = parse(text, trailing_zeros=True)
        data: str | GivenContent | None = wanted.data
        if stored is not None and data is None:
            data = known_content(signature, key_of(stored))
        require_content(signature, data)
        examined = examine(signature, data, at=at, fetch=wanted.revocation)
    require_good(examined, revocation=wanted.revocation)
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
    """Return the attached content: as text if it is UTF-8."""
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
    """Return whether the rules hold for a signer, or for the subject of a certificate."""
    wanted: ValidateRequest = _VALIDATE.read(request)
    with current_trust().turns.take():
        given = parse(wanted.text) if wanted.is_xml else parse_either(wanted.text)
        if isinstance(given, Certificate):
            claims = _require_certificate(given, wanted)
        else:
            claims = _require_signature(given, wanted)
    passed = any(_passes(wanted.asked, one, wanted.any_rule) for one in claims)
    return envelope.done() if passed else Answer(b'{"status":false}')


def _require_signature(signature: SignedData | SignedXml, wanted: ValidateRequest) -> list[Claims]:
    """Return the claims of its signers; none if the signature is not theirs."""
    now = datetime.now(UTC)
    examined = examine(signature, wanted.data, at=now, fetch=wanted.expiration)
    if not is_signed(examined):
        return []
    if not wanted.expiration:
        examined = before_expiry(examined)
    require_legal_signers(examined.statuses)
    return examined.claims


def _require_certificate(certificate: Certificate, wanted: ValidateRequest) -> list[Claims]:
    now = datetime.now(UTC)
    at = now if wanted.expiration else min(now, certificate.not_after)
    when = Occasion(at, now)
    judged = current_trust().verify_certificate(certificate, at=when, fetch=wanted.expiration)
    require_legal(certificate, at, *judged)
    return [claims_of(certificate)]


def _passes(asked: SignerRequirements, claims: Claims, any_rule: bool) -> bool:
    return asked.holds_any(claims) if any_rule else asked.holds_all(claims)


@blueprint.route("/signature/verify", methods=["GET", "POST"])
@needs("read", by_tags=True)
def verify_signature() -> Response:
    """Verify a stored signature as of when it was saved, or timestamped."""
    wanted: VerifyRequest = _VERIFY.read(request)
    record = get_stored(wanted.document, wanted.thread, wanted.version)
    examined = examine_stored(record, wanted.data)
    wording = _wording()
    content = write_verification(
        examined,
        "saved",
        wording,
        version=record.version,
        saved_at=record.version_created_at,
    )
    return _success(content, wording)


def _wording() -> Wording:
    """Return the wording of reasons for the caller: times in UTC, as in the rest of the answers."""
    return Wording(choose_locale(request))


def _success(content: dict[str, Any], wording: Wording) -> Response:
    response = envelope.success(content)
    response.headers["Content-Language"] = wording.language
    return response
