"""What a card of an electronic document demands of a signature in it (kaarkz/ddcard)."""

from __future__ import annotations

from app.cms.asn1.node import DAMAGE, Node
from app.cms.asn1.tags import EXPLICIT_0, EXPLICIT_1
from app.cms.augmentation.evidence import CARD_TOLERANCE, SignerEvidence, is_near
from app.cms.revocation.crl import MalformedRevocation
from app.cms.signed_data.parsing import SignedData
from app.cms.signed_data.signer_info import SignerInfo
from app.cms.verdict import YES, Answer, Verdict, every, no, unknown
from app.cms.verification.status import SignerStatus

_REVOCATION_VALUES = bytes.fromhex("2a864886f70d0109100218")
# CRLs or responses in one attribute.
_MAX_VALUES = 64

_ATTACHED = no("the content is inside the signature; a card has detached ones")
_NO_TIMESTAMP = no("there is no timestamp in the signature")
_NO_VALUES = no(
    "the signature does not hold an OCSP response of 5 minutes around the timestamp, or the CRLs"
    " that were current then"
)
_NOT_SHOWN = unknown("what the signature holds does not show that the certificate was not revoked")


def values_of(signer: SignerInfo) -> SignerEvidence:
    """Return what the attribute revocation-values of a signer holds, but for damaged values."""
    crls: list[bytes] = []
    responses: list[bytes] = []
    for value in signer.unsigned_values(_REVOCATION_VALUES):
        for field in value.children_if_sound(3):
            listed = {EXPLICIT_0: crls, EXPLICIT_1: responses}.get(field.tag)
            if listed is not None:
                listed += _encoded(field)
    return SignerEvidence(crls=crls, ocsp_responses=responses)


def _encoded(field: Node) -> list[bytes]:
    try:
        return [one.encoded for one in field.only().children(_MAX_VALUES)]
    except DAMAGE:
        return []


def check_for_card(signature: SignedData, statuses: tuple[SignerStatus, ...]) -> Verdict:
    """Return whether a signature with these results is one that a card may hold.

    It is detached; each signer has a timestamp, verified, and in revocation-values an OCSP response
    of 5 minutes around it, or CRLs that were current; and these show that the certificate was good.
    """
    form = _ATTACHED if signature.attached else YES
    pairs = zip(signature.signers, statuses, strict=True)
    return every(form, *(_check(signer, status) for signer, status in pairs))


def _check(signer: SignerInfo, status: SignerStatus) -> Verdict:
    stamp = status.timestamp
    if not signer.tokens or stamp is None or stamp.gen_time is None:
        return _NO_TIMESTAMP
    moment = stamp.gen_time
    try:
        has_near = is_near(signer.certificate, values_of(signer), moment)
    except MalformedRevocation as error:
        return no(error.template, **error.values)
    shown = any(
        one.verdict.answer is Answer.YES
        and one.certificate == status.certificate
        and one.origin.place == "embedded"
        and (one.kind == "crl" or abs(one.this_update - moment) <= CARD_TOLERANCE)
        for one in status.findings
    )
    held = _NO_VALUES if not has_near else YES if shown else _NOT_SHOWN
    return every(stamp.verdict, stamp.revocation, held)
