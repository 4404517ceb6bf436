"""What is looked at before a version is kept: the signature itself, and who would be lost."""

from __future__ import annotations

import binascii
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256

from flask import current_app

from app.api.parameters import ParameterError
from app.cms import armour
from app.cms.errors import MalformedSignature, UnverifiedSignature
from app.cms.parsing import parse
from app.cms.signed_data import SignedCms
from app.cms.signed_xml import SignedXml
from app.cms.status import Answer, SignerStatus, Verdict
from app.extensions import current_trust
from app.store.chains import Superseded
from app.store.cosigning import (
    compare_signers,
    content_differs,
    describe_signer,
    read_facts,
)
from app.store.errors import ContentChanged, CosignersLost, StoreError
from app.store.signing import Signing, read_signing, read_text


def read_checked(cms: str, data: str | None) -> Signing:
    """Check a signature as far as CMS_VALIDATION says, and read out of it what is kept.

    Args:
        cms: the signature as it was sent.
        data: base64 of the content of a detached one, where it is to be verified.

    Raises:
        MalformedSignature: it is none; not raised if anything may be kept.
        UnverifiedSignature: it is not as good as is demanded.
        ParameterError: `data` can't be used, where it is to be verified.
    """
    level = current_app.config["CMS_VALIDATION"]
    try:
        signature = parse(cms)
    except MalformedSignature:
        if level == "off":
            return read_text(cms)
        raise
    now = datetime.now(UTC)
    if level not in ("signature", "trusted"):
        return read_signing(signature, now)
    content = content_given(signature, data)
    statuses = _verify(signature, content, level, now)
    digest = None if content is None else sha256(content).hexdigest()
    return read_signing(signature, now, digest, _attested_moments(statuses))


def content_given(signature: SignedCms | SignedXml, data: str | None) -> bytes | None:
    """Decode what was sent along as the content of a signature; None if nothing was.

    Raises:
        ParameterError: it is not base64, or the signature is XML, which is verified without it.
    """
    if data is None:
        return None
    if isinstance(signature, SignedXml):
        raise ParameterError(
            '"{field}" parameter is for CMS: a signed XML document is its own content',
            field="data",
        )
    try:
        return armour.decode(next(armour.readings(data)))
    except (ValueError, binascii.Error) as error:
        raise ParameterError('"{field}" parameter must be base64', field="data") from error


def _verify(
    signature: SignedCms | SignedXml, content: bytes | None, level: str, now: datetime
) -> tuple[SignerStatus, ...]:
    """Demand that each signature verifies, and at level `trusted` that it reaches an anchor."""
    lacks_content = is_detached(signature) and content is None
    accepts = lacks_content and current_app.config["CMS_DETACHED"] == "accept"
    statuses = current_trust().verify(signature, content, at=now)
    for status in statuses:
        demand(status.intact, status, or_unknown=accepts)
        demand(status.valid, status)
        if level == "trusted":
            demand(status.path, status)
            demand(status.revocation, status, or_unknown=True)
    return statuses


def _attested_moments(statuses: Iterable[SignerStatus]) -> dict[int, datetime]:
    """Give, by the signer's number, the moments of timestamps that hold."""
    return {
        status.number: status.timestamp.gen_time
        for status in statuses
        if status.timestamp
        and status.timestamp.gen_time
        and status.timestamp.verdict.answer is Answer.YES
    }


def is_detached(signature: SignedCms | SignedXml) -> bool:
    """Tell whether the content is not in the signature."""
    return isinstance(signature, SignedCms) and not signature.attached


def demand(verdict: Verdict, status: SignerStatus, *, or_unknown: bool = False) -> None:
    """Demand of one signer that a verdict is yes, or at least not no.

    Raises:
        UnverifiedSignature: it is not; with the first reason, which is of the worst answer.
    """
    if verdict.answer is Answer.NO or (verdict.answer is Answer.UNKNOWN and not or_unknown):
        raise UnverifiedSignature(
            "cms: signer {number}: {reason}", number=status.number, reason=verdict.reasons[0]
        )


def warn_of_losses(superseded: Superseded | None, signing: Signing) -> list[StoreError]:
    """Say what a version loses of the one before it: signers, or the content itself."""
    if superseded is None:
        return []
    before = read_facts(superseded.signers)
    lost = compare_signers(before, signing.facts).lost
    warnings: list[StoreError] = []
    if lost:
        warnings.append(CosignersLost(signers=", ".join(map(describe_signer, lost))))
    digests = superseded.content_sha256, signing.content_sha256
    if content_differs(before, signing.facts, digests):
        warnings.append(ContentChanged())
    return warnings
