"""One signer of a version whose evidence is obtained: what is asked for, and when it suffices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from app.cms import (
    CARD_TOLERANCE,
    CONTENT_NOT_GIVEN,
    FITS_WITH_CRLF,
    Answer,
    Certificate,
    NotedRevocation,
    Occasion,
    OcspResponse,
    Reason,
    SignedData,
    SignedXml,
    SignerStatus,
    TimestampStatus,
    Verdict,
    Verifier,
)
from app.evidence.lasting import has_ended
from app.evidence.revocation import Proof, Question
from app.evidence.stamping import NoTimestamp
from app.store.evidence.keeping import Item, State
from app.store.signatures.revocations import Recall
from app.trust.kept import Kept
from app.trust.loaded import Loaded
from app.trust.recalling import chains_of, recalling

if TYPE_CHECKING:
    from app.evidence.obtaining import Obtainer

_ENDED = Reason("the signer's certificate had ended before a timestamp could be obtained")
_STAMP_ENDED = Reason("the certificate of the timestamp's authority has ended")
_NOT_CANONICAL = Reason("the signature value takes too much to be canonicalised")
_NOT_NEAR = Reason("no OCSP response is of five minutes around the timestamp")

#: Tokens of one signer whose authorities were revoked, at most.
_MAX_TOKENS: Final = 4

#: Called with each token as soon as it was issued, so that no authority is asked twice.
Note = Callable[[Item], None]


class Unproven(Exception):
    """There is no evidence for a signer, for these reasons."""

    def __init__(self, reasons: Sequence[Reason]) -> None:
        """Keep the reasons."""
        super().__init__(reasons)
        self.reasons = reasons


class Impossible(Unproven):
    """There never will be."""


class Pending(Unproven):
    """There may be later."""


@dataclass(slots=True)
class SignerCase:
    """One signer of one version."""

    obtainer: Obtainer
    loaded: Loaded
    signature: SignedData | SignedXml
    status: SignerStatus
    saved_at: datetime
    kept: Kept
    note: Note
    #: Returns what the timestamp of each signer is over; None for what takes too much.
    stamped: Callable[[], Sequence[bytes | None]]
    items: list[Item] = field(default_factory=list)
    asked: dict[Question, Proof | list[Reason]] = field(default_factory=dict)
    proven: set[Question] = field(default_factory=set)
    proofs: list[Proof] = field(default_factory=list)
    certificates: dict[Certificate, None] = field(default_factory=dict)
    #: All results of verification.
    found: list[SignerStatus] = field(default_factory=list)

    def obtain(self) -> None:
        """Obtain what lacks. Raises Impossible or Pending."""
        self._require_provable()
        self._drop_accused()
        if not _is_stamped(self.status):
            self._stamp()
        stamp, moment = _stamp_of(self.status)
        authority = stamp.chain
        links = [
            (link, of_tsa)
            for chain, of_tsa in ((self.status.chain, False), (authority, True))
            for link in pairwise(chain)
        ]
        lacking: list[Reason] = []
        for link, of_tsa in dict.fromkeys(links):
            # All are asked even if one has no answer: responses of now are near the timestamp.
            lacking += self._prove(Question(link, moment, of_tsa))
        if lacking:
            raise Pending(lacking)
        # The last of each is an anchor.
        self.certificates = dict.fromkeys((*self.status.chain[:-1], *authority[:-1]))
        for certificate in self.certificates:
            self.items.append(Item(self.status.number, "certificate", certificate.der))
        self._require_proven()

    def state(self) -> State:
        """Return the result, once everything was obtained."""
        stamp, moment = _stamp_of(self.status)
        found = [one.found for one in self.proofs if isinstance(one.found, OcspResponse)]
        times = [time for one in found for time in one.list_good(self.status.certificate)]
        near = stamp.gen_time or moment  # A verified timestamp has the former.
        is_near = any(abs(time - near) <= CARD_TOLERANCE for time in times)
        return State(
            number=self.status.number,
            state="complete",
            card=is_near,
            card_reason=None if is_near else [_NOT_NEAR],
            gen_time=stamp.gen_time,
            lasts_until=stamp.ends_at,
        )

    def _require_provable(self) -> None:
        """Raise Impossible if no evidence could help, Pending if an anchor may be missing."""
        status = self.status
        if status.valid.answer is not Answer.YES:
            raise Impossible(status.valid.reasons)
        if self._is_altered(status.intact):
            raise Impossible(status.intact.reasons)
        self._require_clock()
        for verdict in (status.path, status.revocation):
            if verdict.answer is Answer.NO:
                raise Impossible(verdict.reasons)
        if status.path.answer is Answer.UNKNOWN:
            raise Pending(status.path.reasons)

    def _require_clock(self) -> None:
        """Raise Pending if the signer's certificate has ended by a clock that is not confirmed.

        For that a timestamp is asked for, which is not kept, once an hour for all. Where no
        authority is set up, the clock of this machine is believed.
        """
        status, stamper = self.status, self.obtainer.stamper
        has_ended = datetime.now(UTC) > status.certificate.not_after
        is_known = stamper.clock.is_confirmed or not stamper.addresses
        if not has_ended or is_known or _is_stamped(status):
            return
        value = status.certificate.der
        try:
            stamper.stamp(value, status.certificate, self._verify_token, lambda _: ())
        except NoTimestamp as error:
            raise Pending(error.reasons) from error

    def _is_altered(self, intact: Verdict) -> bool:
        """Return whether the signature can't be good, whatever its evidence says.

        The evidence is about the signature value. What an XML signature doesn't cover, and what it
        covers in an unknown way, changes nothing about that.
        """
        if isinstance(self.signature, SignedXml):
            return intact.answer is Answer.NO
        return intact.answer is not Answer.YES and not _lacks_content(intact)

    def _drop_accused(self) -> None:
        """Verify again without the tokens whose authority was revoked, as is found out now.

        Another token may hold; if none does, a new one is asked for.
        """
        accusing: list[Proof] = []
        for _ in range(_MAX_TOKENS):
            if not _is_stamped(self.status):
                return
            stamp, moment = _stamp_of(self.status)
            proofs = self._accusations(stamp, moment)
            if not proofs:
                return
            accusing += proofs
            found = [part.found for proof in accusing for part in proof.parts]
            known = replace(self.kept, found=(*self.kept.found, *found))
            self.status = self._verify(self.loaded.knowing_kept, known, self.obtainer.recall)

    def _accusations(self, stamp: TimestampStatus, moment: datetime) -> list[Proof]:
        """Return what says that a certificate of an authority was revoked, so that it counts."""
        found = [self._ask(Question(link, moment, of_tsa=True)) for link in pairwise(stamp.chain)]
        return [
            one
            for one in found
            if isinstance(one, Proof) and one.verdict and one.verdict.answer is Answer.NO
        ]

    def _stamp(self) -> None:
        """Obtain a token over the signature value, which the status has from now on.

        What follows from its time is for `_require_proven`.
        """
        status = self.status
        if datetime.now(UTC) > status.certificate.not_after:
            raise Impossible([_ENDED])
        with self.obtainer.turn():
            value = self.stamped()[status.number - 1]
        if value is None:
            raise Impossible([_NOT_CANONICAL])
        try:
            token, stamp = self.obtainer.stamper.stamp(
                value, status.certificate, self._verify_token, self._accuse
            )
        except NoTimestamp as error:
            raise (Impossible if error.is_final else Pending)(error.reasons) from error
        item = Item(status.number, "timestamp", token)
        self.note(item)
        self.items.append(item)
        self.status = replace(self.status, timestamp=stamp)

    def _verify_token(self, token: bytes, value: bytes, at: Occasion) -> TimestampStatus:
        """Verify a new token over a value, with what was proven before against its authority."""
        # The CA of the timestamp authority is often that of the signer.
        kept = Kept(certificates=self.status.chain)

        def verify(noted: tuple[NotedRevocation, ...]) -> TimestampStatus:
            knowing = self.loaded.knowing_kept(replace(kept, noted=noted))
            return knowing.verify_timestamp(token, value, at=at)

        return recalling(verify, lambda stamp: [stamp.chain], self.loaded, self.obtainer.recall)

    def _accuse(self, stamp: TimestampStatus) -> Sequence[Reason]:
        """Return why a new token proves nothing: a certificate of its authority was revoked."""
        # A verified token has the former.
        moment = stamp.interval.latest if stamp.interval else self.saved_at
        verdicts = [one.verdict for one in self._accusations(stamp, moment)]
        return [reason for one in verdicts if one for reason in one.reasons]

    def _ask(self, question: Question) -> Proof | list[Reason]:
        """Obtain what decides about a certificate, once for each question."""
        if question not in self.asked:
            self.asked[question] = self.obtainer.revocation.prove(question, self.kept.found)
        return self.asked[question]

    def _prove(self, question: Question) -> list[Reason]:
        """Obtain what shows whether a certificate was revoked; return why there is nothing."""
        found = self._ask(question)
        if not isinstance(found, Proof):
            return found
        self.proven.add(question)
        self.proofs += found.parts
        self.items += [Item(self.status.number, one.kind, one.data) for one in found.parts]
        return []

    def _require_proven(self) -> None:
        """Require that the signature verifies with what will be kept, and nothing else.

        All its tokens are there: so what speaks against one that would count is kept, too, also if
        that was noted: those who read the evidence have no notes.
        """
        for _ in range(_MAX_TOKENS):
            if not self._prove_others(self._verify_alone(None)):
                break
        status = self._verify_alone(self.obtainer.recall)
        stamp = status.timestamp
        verdicts = [status.valid, status.path, status.revocation]
        if stamp is not None:
            verdicts += [stamp.verdict, stamp.revocation]
        for verdict in verdicts:
            if verdict.answer is Answer.NO:
                raise Impossible(verdict.reasons)
        lacking = [one for one in verdicts if one.answer is Answer.UNKNOWN]
        if lacking or not _is_stamped(status):
            raise Pending([reason for one in lacking for reason in one.reasons])
        if has_ended(status):
            raise Impossible([_STAMP_ENDED])
        self.status = status

    def _prove_others(self, status: SignerStatus) -> bool:
        """Obtain what decides about a token that counts, if it is another than the one proven.

        Returns whether there is something new.
        """
        if not _is_stamped(status):
            return False
        stamp, moment = _stamp_of(status)
        asked = [Question(link, moment, of_tsa=True) for link in pairwise(stamp.chain)]
        questions = [one for one in asked if one not in self.proven]
        lacking = [reason for one in questions for reason in self._prove(one)]
        if lacking:
            raise Pending(lacking)
        return bool(questions)

    def _verify_alone(self, recall: Recall | None) -> SignerStatus:
        """Verify with what will be kept, all tokens, the anchors, and what is recalled alone."""
        number = self.status.number
        own = [item.data for item in self.items if item.kind == "timestamp"]
        tokens = {number: (*self.kept.tokens.get(number, ()), *own)}
        found = tuple(proof.found for proof in self.proofs)
        only = Kept(tokens, tuple(self.certificates), found)
        return self._verify(self.loaded.knowing_only, only, recall)

    def _verify(
        self, knowing: Callable[[Kept], Verifier], kept: Kept, recall: Recall | None
    ) -> SignerStatus:
        """Verify by the timestamp, if there is one, and with what was proven before.

        Evidence is to convince those, too, who don't know when this server saved the signature.
        """

        def verify(noted: tuple[NotedRevocation, ...]) -> SignerStatus:
            return knowing(replace(kept, noted=noted)).verify_one(
                self.signature, self.status.number, at=as_of(self.saved_at), tokens=kept.tokens
            )

        with self.obtainer.turn():
            status = recalling(verify, lambda one: chains_of([one]), self.loaded, recall)
        self.found.append(status)
        return status.by_timestamp or status


def as_of(saved_at: datetime) -> Occasion:
    """Return the occasion of verifying now what was saved at a time.

    A time that is still to come was that of a wrong clock: it was saved by now.
    """
    now = datetime.now(UTC)
    known = min(saved_at, now)
    return Occasion(known, known, now=now, stamps_known=known)


def _is_stamped(status: SignerStatus) -> bool:
    return status.timestamp is not None and status.timestamp.verdict.answer is Answer.YES


def _stamp_of(status: SignerStatus) -> tuple[TimestampStatus, datetime]:
    """Return a verified timestamp, and the time that it proves."""
    stamp = status.timestamp
    if stamp is None or stamp.interval is None:
        raise ValueError("it has no verified timestamp")
    return stamp, stamp.interval.latest


def _lacks_content(intact: Verdict) -> bool:
    return intact in (CONTENT_NOT_GIVEN, FITS_WITH_CRLF)
