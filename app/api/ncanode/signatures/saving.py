"""Checks before a version is saved: of the signature itself, and of signers that would be lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from flask import current_app
from sqlalchemy import Connection

from app.api.ncanode.signatures.documents import (
    Brought,
    content_to_keep,
    find_signed,
    read_content,
)
from app.api.ncanode.signatures.required import require_verified
from app.cms import (
    ContentBudget,
    GivenContent,
    MalformedSignature,
    NotedRevocation,
    Reason,
    SignedData,
    SignedXml,
    SignerStatus,
    Verdict,
    are_gost_curves_fast,
    compare_content,
    describe_signers,
    is_detached,
    parse,
)
from app.extensions import current_requirement, current_trust, db
from app.services import sent_content
from app.services.kept_contents import digests_of
from app.store.contents.keeping import Offer, refer_again
from app.store.contents.values import KeptContent, NewContent
from app.store.errors import ContentChanged, CosignersLost, StoreError
from app.store.evidence import jobs
from app.store.evidence.keeping import keep_saved
from app.store.signatures.cosigning import (
    compare_signers,
    content_differs,
    describe_signer,
    read_facts,
)
from app.store.signatures.extraction import Signing, read_found, read_signing, read_text
from app.store.signatures.large_texts import Key
from app.store.signatures.records import SignatureRecord
from app.store.signatures.revocations import note_revocations, noted_of, recall_of
from app.store.signatures.writing import NewVersion, Superseded
from app.trust.turns import SHORT_PATIENCE, Busy

if TYPE_CHECKING:
    from app.evidence.obtaining import Outcome

#: Signers, and characters of the signature plus bytes of the content, up to which a save verifies
#: though nothing requires it.
QUICK_SIGNERS, QUICK_SIZE = 4, 256 * 1024
#: Prefix of Kazakhstan's GOST algorithms; in plain Python each takes 150 ms.
_GOST = "1.2.398.3.10.1.1."


class Checked(NamedTuple):
    """The data extracted from a signature, and the warnings about content sent along."""

    signing: Signing
    doubts: list[Reason]
    #: How urgent it is to obtain evidence (`app.store.evidence.jobs`); None: none is obtained.
    urgency: int | None = None
    #: The signature, if the save waits for its evidence; and what was obtained of that.
    awaited: SignedData | SignedXml | None = None
    evidence: Outcome | None = None
    #: The document that came with it, if that is to be kept.
    kept: NewContent | None = None
    #: A document that is kept already, and is what was signed, where none came with it.
    again: KeptContent | None = None
    #: What was proven against its certificates.
    noted: Sequence[NotedRevocation] = ()


def read_checked(new: NewVersion, brought: Brought) -> Checked:
    """Check a signature as CMS_VALIDATION requires, and extract the data to store.

    Content sent along is always compared with what was signed.

    Args:
        new: the version, with the signature as it was sent.
        brought: the content that was sent along.

    Raises:
        MalformedSignature: it is no signature; not raised if any text may be saved.
        UnverifiedSignature: it does not meet the required level.
        ParameterError: that can't be used, or is not what was signed.
        Busy: it is large, or has to be verified now, and too many verifications are waiting.
    """
    with current_trust().turns.reading(new.cms, brought.data):
        signature, checked = _read_checked(new, brought)
    if current_requirement() is None or signature is None:
        return checked
    return checked._replace(urgency=None, awaited=signature)


def obtain_awaited(checked: Checked) -> Checked:
    """Obtain the evidence that a save waits for, if it waits for any: EVIDENCE=require.

    Raises EvidenceUnavailable, EvidenceImpossible or Busy.
    """
    requirement = current_requirement()
    if requirement is None or checked.awaited is None:
        return checked
    return checked._replace(evidence=requirement.obtain(checked.awaited), awaited=None)


def keep_evidence(connection: Connection, checked: Checked, record: SignatureRecord) -> None:
    """Keep what was obtained and proven for a version, in the transaction that saves it."""
    proven = checked.evidence.statuses if checked.evidence else ()
    if noted := (*checked.noted, *noted_of(proven)):
        note_revocations(connection, noted)
    if checked.evidence is not None:
        key = Key(record.id, record.version)
        keep_saved(connection, key, checked.evidence.items, checked.evidence.states)


def keep_document(
    connection: Connection, offer: Offer | None, checked: Checked, record: SignatureRecord
) -> NewContent | KeptContent | None:
    """Keep the document of a version, in the transaction that saves it; return what is kept."""
    if offer is not None:
        offer.keep_for_version(connection, record.id, record.version)
        return offer.new
    again = checked.again
    if again is None or not refer_again(connection, again, record.id, record.version):
        return None
    return again


def _read_checked(
    new: NewVersion, brought: Brought
) -> tuple[SignedData | SignedXml | None, Checked]:
    level, cms = current_app.config["CMS_VALIDATION"], new.cms
    try:
        signature = parse(cms)
    except MalformedSignature:
        if level != "off" or current_app.config["EVIDENCE_REQUIRED"]:
            raise
        if brought.data is not None:
            sent_content.refuse_incomparable()
        return None, Checked(read_text(cms), [])
    now = datetime.now(UTC)
    budget = ContentBudget()
    content = read_content(signature, brought, budget)
    again = find_signed(signature, new.document, new.thread) if content is None else None
    content = digests_of(again) if again else content
    loaded = current_trust().loaded()
    verify = partial(
        current_trust().verify,
        signature,
        content,
        at=now,
        content_budget=budget,
        loaded=loaded,
        recall=recall_of(db.engine),
    )
    demanding = level in ("signature", "trusted")
    if demanding:
        statuses = verify()
    else:
        statuses = _verify_with_content(verify) if _needs(signature, content) else ()
    intact = _intact(signature, content, statuses, budget)
    doubts = [] if content is None else sent_content.doubts_of(intact)
    if demanding:
        lacks_content = is_detached(signature) and content is None
        require_verified(statuses, level, lacks_content=lacks_content)
    digest = None if content is None else sent_content.digest_of_signed(content, intact)
    if not demanding and not statuses:
        statuses = _verify_quickly(cms, signature, content, verify)
    kept, reasons = content_to_keep(signature, content, intact, brought, budget)
    doubts += reasons
    found = read_found(signature, statuses, loaded.trusted)
    signing = read_signing(signature, now, digest, found)
    urgency, noted = _urgency(signature, now), noted_of(statuses)
    checked = Checked(signing, doubts, urgency, kept=kept, again=again, noted=noted)
    return signature, checked


def _intact(
    signature: SignedData | SignedXml,
    content: GivenContent | None,
    statuses: Sequence[SignerStatus],
    budget: ContentBudget,
) -> Sequence[Verdict]:
    """Return whether the content is what each signer signed, as verified or only compared."""
    if statuses:
        return [status.intact for status in statuses]
    if isinstance(signature, SignedData) and content is not None:
        return compare_content(signature, content, budget=budget)
    return ()


def _urgency(signature: SignedData | SignedXml, now: datetime) -> int | None:
    """Return how urgent it is to obtain evidence; None if none is obtained."""
    if not current_app.config["EVIDENCE"]:
        return None
    return jobs.urgency_of((one.certificate.not_after for one in describe_signers(signature)), now)


def _verify_with_content(
    verify: Callable[[], tuple[SignerStatus, ...]],
) -> tuple[SignerStatus, ...]:
    """Verify now, for as long as that takes, what only the content sent along can show.

    The background, which doesn't have it, could never say that these signers have signed. Raises
    Busy: too much is being verified.
    """
    try:
        return verify()
    except MalformedSignature:
        return ()  # Damaged in a part that only verification reads, which is not required here.


def _verify_quickly(
    cms: str,
    signature: SignedData | SignedXml,
    content: GivenContent | None,
    verify: Callable[[], tuple[SignerStatus, ...]],
) -> tuple[SignerStatus, ...]:
    """Verify if that takes a few milliseconds; otherwise leave it to the background.

    Also if it would have to wait for other verifications, which may take seconds.
    """
    if not _is_quick(cms, signature, content):
        return ()
    try:
        with current_trust().turns.take(SHORT_PATIENCE):
            return verify()
    except (MalformedSignature, Busy):
        return ()  # As above.


def _is_quick(cms: str, signature: SignedData | SignedXml, content: GivenContent | None) -> bool:
    """Return whether there are few signers and little data to verify, by fast code."""
    # Of a large document only the digests are here.
    size = len(content) if isinstance(content, bytes) else 0
    if len(cms) + size > QUICK_SIZE:
        return False
    if isinstance(signature, SignedXml):
        return len(signature.signatures) <= QUICK_SIGNERS and are_gost_curves_fast()
    algorithms = [signer.signature_algorithm.oid for signer in signature.signers]
    by_gost = any(algorithm.startswith(_GOST) for algorithm in algorithms)
    return len(algorithms) <= QUICK_SIGNERS and (not by_gost or are_gost_curves_fast())


def _needs(signature: SignedData | SignedXml, content: GivenContent | None) -> bool:
    """Return whether a signature value can be verified only with the content, which is here.

    That is so without signed attributes (RFC 5652 section 5.4). A digest of the content is not
    enough; with signed attributes the value is verified without it, and what the content decides
    (`compare_content`) is decided before the save in any case.
    """
    return (
        isinstance(content, bytes)
        and isinstance(signature, SignedData)
        and not signature.attached
        and not all(signer.has_signed_attributes for signer in signature.signers)
    )


def warn_of_losses(superseded: Superseded | None, signing: Signing) -> list[StoreError]:
    """Return what a version loses from the previous one: signers, or the content itself."""
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
