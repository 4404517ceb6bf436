"""The signatures of a card, each by itself with its evidence inside, and verified."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from time import thread_time

from app.cms import (
    Answer,
    CannotAugment,
    ContentBudget,
    Reason,
    SignatureProfile,
    SignedData,
    SignerEvidence,
    TooCostly,
    Verdict,
    augment,
    check_for_card,
    every,
    parse_der,
    separate_signer,
)
from app.evidence.kept import by_signer
from app.extensions import current_trust, db
from app.pdf.cards.contents import CardSignature
from app.pdf.errors import NoCard
from app.services.stored import get_evidence, outlast_ended
from app.store.evidence.reading import KeptItem
from app.store.signatures.large_texts import Key
from app.store.signatures.revocations import recall_of
from app.trust.kept import Kept, kept_of

#: Signers of one card.
MAX_SIGNERS = 64
#: Seconds of CPU time for all of them.
MAX_SECONDS = 10.0


def list_signatures(
    signature: SignedData, content: bytes, key: Key, saved_at: datetime
) -> tuple[CardSignature, ...]:
    """Return a detached CMS for each signer, in order of the timestamps. Within a turn.

    Raises:
        NoCard: the evidence doesn't suffice; the sentence names each signer and what it lacks.
        TooCostly: there are too many, or they take too much time.
    """
    if len(signature.signers) > MAX_SIGNERS:
        raise NoCard("There is no card: more than {limit} signers", limit=MAX_SIGNERS)
    known = get_evidence(key)
    items = known.items
    evidence, started = by_signer(items), thread_time()
    found: list[CardSignature] = []
    lacks: list[Reason] = []
    for signer in signature.signers:
        if thread_time() - started > MAX_SECONDS:
            raise TooCostly("The signatures of the card take too much time to verify")
        number = signer.number
        own = tuple(item for item in items if item.number == number)
        try:
            made = _put_together(signature, number, evidence.get(number, SignerEvidence()))
        except CannotAugment as error:
            # The sentence has the number of the only signer of its own.
            values = {**error.reason.values, "number": number}
            lacks.append(replace(error.reason, values=values))
            continue
        one, verdict = _verify(made, content, key, own, saved_at)
        found.append(one)
        if verdict.answer is not Answer.YES:
            lacks.append(_lack(number, verdict.reasons[0]))
    if lacks:
        refusal = NoCard("There is no card: {lacks}", lacks=_join(lacks))
        refusal.is_pending = known.state == "pending"
        raise refusal
    return tuple(sorted(found, key=lambda one: (one.gen_time, one.cms)))


def _put_together(signature: SignedData, number: int, evidence: SignerEvidence) -> SignedData:
    """Return the signature of one signer in the form of a card. Raises CannotAugment."""
    alone = separate_signer(signature.der, number)
    return parse_der(augment(alone, {1: evidence}, SignatureProfile.DDCARD))


def _verify(
    made: SignedData, content: bytes, key: Key, items: tuple[KeptItem, ...], saved_at: datetime
) -> tuple[CardSignature, Verdict]:
    """Verify with what is in the signature, the anchors, and certificates and CRLs of the store."""
    kept = kept_of(one for one in items if one.kind in ("certificate", "crl"))
    statuses = current_trust().verify_alone(
        made,
        content,
        saved_at=saved_at,
        kept=Kept({}, kept.certificates, kept.found),
        recall=recall_of(db.engine),
        content_budget=ContentBudget(),
    )
    statuses = outlast_ended(statuses, key, items)
    verdict = every(statuses[0].whole, check_for_card(made, statuses))
    return CardSignature(made, statuses[0]), verdict


def _lack(number: int, reason: Reason) -> Reason:
    return Reason("signer {number}: {reason}", {"number": number, "reason": reason})


def _join(reasons: Iterable[Reason]) -> Reason:
    """Return one sentence for several."""
    joined, *rest = reasons
    for one in rest:
        joined = Reason("{first}; {second}", {"first": joined, "second": one})
    return joined
