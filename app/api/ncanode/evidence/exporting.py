"""Forms of a signature with its evidence inside, each verified before it is handed out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from app.api.ncanode.evidence.errors import NotInProfile
from app.cms import (
    CannotAugment,
    Reason,
    SignatureFile,
    SignatureProfile,
    SignedData,
    SignedXml,
    SignerEvidence,
    SignerStatus,
    augment,
    augment_xml,
    lacking_parts,
    parse_der,
    parse_xml,
)
from app.evidence.kept import by_signer
from app.extensions import current_trust, db
from app.services.stored import get_evidence, outlast_ended
from app.store.evidence.reading import Evidence
from app.store.evidence.reasons import read_reasons
from app.store.signatures.large_texts import Key
from app.store.signatures.revocations import recall_of
from app.trust.kept import Kept, kept_of

#: The parts of level LT that each form must prove.
_OF_T = ("signature", "timestamp")
OF_LT = ("signature", "timestamp", "path", "revocation", "timestamp_revocation")


def put_together(
    file: SignatureFile, key: Key, profile: SignatureProfile, saved_at: datetime
) -> bytes:
    """Return a signature in a profile, with what is kept. Within a turn.

    What LT promises is proven by the result and the trust anchors alone. A form of the others has
    not all certificates inside, so those that are kept count, too.

    Raises:
        NotInProfile: the evidence doesn't suffice, or there is no such form.
        MalformedSignature: it is no signature.
        MalformedRevocation: what is kept is damaged.
    """
    evidence = get_evidence(key)
    try:
        signature, found = _augment(file, by_signer(evidence.items), profile)
    except CannotAugment as error:
        raise refusal(error.reason, evidence) from error
    kept = Kept() if profile is SignatureProfile.LT else kept_of(evidence.items)
    statuses = current_trust().verify_alone(
        signature, saved_at=saved_at, kept=kept, recall=recall_of(db.engine)
    )
    statuses = outlast_ended(statuses, key, evidence.items)
    require(statuses, _OF_T if profile is SignatureProfile.T else OF_LT, evidence)
    return found


def _augment(
    file: SignatureFile, evidence: Mapping[int, SignerEvidence], profile: SignatureProfile
) -> tuple[SignedData | SignedXml, bytes]:
    """Return the form, parsed and as bytes. Raises CannotAugment, and what `put_together` does."""
    if file.format == "xml" and profile is not SignatureProfile.DDCARD:
        copy = augment_xml(parse_xml(file.data), evidence, profile)
        return copy, copy.xml
    if file.format != "cms":
        raise NotInProfile("Only a CMS has this form")
    found = augment(file.data, evidence, profile)
    return parse_der(found), found


def require(statuses: Iterable[SignerStatus], parts: Iterable[str], evidence: Evidence) -> None:
    """Require that parts of each signer are proven. Raises NotInProfile with the first lack."""
    for status in statuses:
        lacking = lacking_parts(status)
        for part in parts:
            if part in lacking:
                [first, *_] = lacking[part].reasons
                values = {"number": status.number, "reason": first}
                raise refusal(Reason("signer {number}: {reason}", values), evidence)


def refusal(lack: Reason, evidence: Evidence) -> NotInProfile:
    """Return the error that says what lacks, and, if it is still to be obtained, why."""
    reasons = read_reasons(evidence.job.reason) if evidence.job else []
    if not reasons:
        return NotInProfile("There is no such form of the signature: {lack}", lack=lack)
    return NotInProfile(
        "There is no such form of the signature yet: {lack}; the last attempt: {reason}",
        lack=lack,
        reason=reasons[0],
    )
