"""The evidence package of a stored signature, verified before it is handed out."""

from __future__ import annotations

from datetime import UTC, datetime

from app.api.ncanode.evidence.errors import NotInProfile
from app.api.ncanode.evidence.exporting import OF_LT, refusal, require
from app.cms import CannotAugment, SignatureFile, parse_der, parse_xml
from app.evidence.lasting import Preserved, outlast
from app.evidence.packages.reading import read_package
from app.evidence.packages.writing import write_package
from app.extensions import current_trust, db
from app.services.stored import get_evidence, get_stored_record
from app.store.signatures.large_texts import Key
from app.store.signatures.revocations import recall_of


def pack(file: SignatureFile, key: Key, saved_at: datetime) -> bytes:
    """Return the package of a signature. Within a turn.

    What LT promises is proven by the files in it, and the trust anchors, alone.

    Raises:
        NotInProfile: the evidence doesn't suffice, or it is no signature.
        MalformedSignature: it is no signature that can be read.
        MalformedRevocation: what is kept is damaged.
    """
    if file.format is None:
        raise NotInProfile("Only a signature has this form")
    evidence = get_evidence(key)
    signature = parse_xml(file.data) if file.format == "xml" else parse_der(file.data)
    try:
        made = write_package(file, signature, evidence.items, get_stored_record(key))
    except CannotAugment as error:
        raise refusal(error.reason, evidence) from error
    package = read_package(made)
    recall = recall_of(db.engine)
    statuses = current_trust().verify_alone(
        signature, saved_at=saved_at, kept=package.kept, recall=recall
    )
    loaded, now = current_trust().loaded(), datetime.now(UTC)
    preserved = Preserved(package.file.data, package.items, package.record, loaded, now, recall)
    require(outlast(statuses, preserved), OF_LT, evidence)
    return made
