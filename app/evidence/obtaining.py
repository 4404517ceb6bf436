"""What proves a signature for decades: obtained for each signer, and verified before it is kept.

A signer's evidence is a timestamp over the signature value, the certificates of the signer's and
the timestamp authority's paths, and for each of them what shows that it was not revoked. It is
complete if the signature verifies with it and the trust anchors alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from app.cms import (
    CONTENT_NOT_GIVEN,
    FITS_WITH_CRLF,
    Answer,
    Certificate,
    Occasion,
    OcspResponse,
    Reason,
    SignedData,
    SignerStatus,
    Verdict,
)
from app.evidence.revocation import Proof, RevocationSource
from app.evidence.stamping import NoTimestamp, Stamper
from app.store.evidence.keeping import Item, State
from app.trust import Trust
from app.trust.kept import Kept
from app.trust.loaded import Loaded

#: How far an OCSP response may be from the timestamp for a card of a document.
CARD_TOLERANCE = timedelta(minutes=5)
_ENDED = Reason("the signer's certificate had ended before a timestamp could be obtained")
_NOT_NEAR = Reason("no OCSP response is of five minutes around the timestamp")

#: Called with each token as soon as it was issued, so that no authority is asked twice.
Note = Callable[[Item], None]


@dataclass(slots=True)
class Outcome:
    """What was obtained for a version: the result of signers, or why a signer is pending."""

    items: list[Item] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    pending: list[Reason] = field(default_factory=list)


class _Unproven(Exception):
    """There is no evidence for a signer, for these reasons."""

    def __init__(self, reasons: Sequence[Reason]) -> None:
        super().__init__(reasons)
        self.reasons = reasons


class _Impossible(_Unproven):
    """There never will be."""


class _Pending(_Unproven):
    """There may be later."""


@dataclass(frozen=True, slots=True)
class Obtainer:
    """Obtains evidence, for a store and its anchors. Thread-safe."""

    trust: Trust
    stamper: Stamper
    revocation: RevocationSource

    def obtain(self, signature: SignedData, saved_at: datetime, kept: Kept, note: Note) -> Outcome:
        """Obtain evidence for each signer; what is `kept` of earlier attempts is used.

        Raises Busy: too much is being verified here.
        """
        loaded = self.trust.loaded()
        outcome = Outcome()
        with self.trust.turns.take_last():
            statuses = loaded.knowing(kept.found, kept.certificates).verify(
                signature, at=_as_of(saved_at), tokens=kept.tokens
            )
        for status in statuses:
            case = _Signer(self, loaded, signature, status, saved_at, kept, note)
            try:
                case.obtain()
            except _Impossible as error:
                outcome.states.append(
                    State(
                        number=status.number,
                        state="impossible",
                        reason=error.reasons,
                        card=False,
                        card_reason=error.reasons,
                    )
                )
            except _Pending as error:
                outcome.pending += error.reasons
            else:
                outcome.states.append(case.state())
            outcome.items += case.items
        return outcome


@dataclass(slots=True)
class _Signer:
    """One signer of one version."""

    obtainer: Obtainer
    loaded: Loaded
    signature: SignedData
    status: SignerStatus
    saved_at: datetime
    kept: Kept
    note: Note
    items: list[Item] = field(default_factory=list)
    proofs: list[Proof] = field(default_factory=list)
    certificates: dict[Certificate, None] = field(default_factory=dict)

    def obtain(self) -> None:
        """Obtain what lacks. Raises _Impossible or _Pending."""
        self._require_provable()
        if not _is_stamped(self.status):
            self._stamp()
        tsa, moment = _stamp_of(self.status)
        authority = self.loaded.good_chain(tsa, moment, self.status.chain)
        links = [
            (link, of_tsa)
            for chain, of_tsa in ((self.status.chain, False), (authority, True))
            for link in pairwise(chain)
        ]
        for link, of_tsa in dict.fromkeys(links):
            self._prove(link, moment, of_tsa=of_tsa)
        # The last of each is an anchor.
        self.certificates = dict.fromkeys((*self.status.chain[:-1], *authority[:-1]))
        for certificate in self.certificates:
            self.items.append(Item(self.status.number, "certificate", certificate.der))
        self._require_proven()

    def state(self) -> State:
        """Return the result, once everything was obtained."""
        tsa, moment = _stamp_of(self.status)
        # That of the signer's certificate is the first one.
        responses = [one.found for one in self.proofs[:1] if isinstance(one.found, OcspResponse)]
        times = [answer.this_update for one in responses for answer in one.answers]
        is_near = any(abs(time - moment) <= CARD_TOLERANCE for time in times)
        return State(
            number=self.status.number,
            state="complete",
            card=is_near,
            card_reason=None if is_near else [_NOT_NEAR],
            gen_time=moment,
            lasts_until=tsa.not_after,
        )

    def _require_provable(self) -> None:
        """Raise _Impossible if no evidence could help, _Pending if an anchor may be missing."""
        status = self.status
        if status.valid.answer is not Answer.YES:
            raise _Impossible(status.valid.reasons)
        if status.intact.answer is not Answer.YES and not _lacks_content(status.intact):
            raise _Impossible(status.intact.reasons)
        for verdict in (status.path, status.revocation):
            if verdict.answer is Answer.NO:
                raise _Impossible(verdict.reasons)
        if status.path.answer is Answer.UNKNOWN:
            raise _Pending(status.path.reasons)

    def _stamp(self) -> None:
        """Obtain a token over the signature value, and verify with it from now on."""
        status = self.status
        if datetime.now(UTC) > status.certificate.not_after:
            raise _Impossible([_ENDED])
        value = self.signature.signers[status.number - 1].signature
        try:
            # The CA of the timestamp authority is often that of the signer.
            verifier = self.loaded.knowing((), status.chain)
            token = self.obtainer.stamper.stamp(value, status.certificate, verifier)
        except NoTimestamp as error:
            raise (_Impossible if error.is_final else _Pending)(error.reasons) from error
        item = Item(status.number, "timestamp", token)
        self.note(item)
        self.items.append(item)
        self.status = self._verify(self.kept)
        self._require_provable()
        if not _is_stamped(self.status):
            raise _Pending(self.status.timestamp.verdict.reasons if self.status.timestamp else ())

    def _prove(
        self, link: tuple[Certificate, Certificate], moment: datetime, *, of_tsa: bool
    ) -> None:
        found = self.obtainer.revocation.prove(link, moment, of_tsa=of_tsa)
        if not isinstance(found, Proof):
            raise _Pending(found)
        self.proofs.append(found)
        self.items.append(Item(self.status.number, found.kind, found.data))

    def _require_proven(self) -> None:
        """Require that the signature verifies with what will be kept, and nothing else."""
        found = tuple(proof.found for proof in self.proofs)
        only = Kept(self.kept.tokens, tuple(self.certificates), found)
        status = self._verify(only, alone=True)
        stamp = status.timestamp
        verdicts = [status.valid, status.path, status.revocation]
        if stamp is not None:
            verdicts += [stamp.verdict, stamp.revocation]
        for verdict in verdicts:
            if verdict.answer is Answer.NO:
                raise _Impossible(verdict.reasons)
        lacking = [one for one in verdicts if one.answer is Answer.UNKNOWN]
        if lacking or not _is_stamped(status):
            raise _Pending([reason for one in lacking for reason in one.reasons])
        self.status = status

    def _verify(self, kept: Kept, *, alone: bool = False) -> SignerStatus:
        """Verify with the tokens obtained so far."""
        number = self.status.number
        own = [item.data for item in self.items if item.kind == "timestamp"]
        tokens = {number: (*kept.tokens.get(number, ()), *own)}
        verifier = (
            self.loaded.knowing_only(kept)
            if alone
            else self.loaded.knowing(kept.found, kept.certificates)
        )
        with self.obtainer.trust.turns.take_last():
            statuses = verifier.verify(self.signature, at=_as_of(self.saved_at), tokens=tokens)
        return statuses[number - 1]


def _as_of(saved_at: datetime) -> Occasion:
    return Occasion(saved_at, saved_at, now=datetime.now(UTC))


def _is_stamped(status: SignerStatus) -> bool:
    return status.timestamp is not None and status.timestamp.verdict.answer is Answer.YES


def _stamp_of(status: SignerStatus) -> tuple[Certificate, datetime]:
    """Return the certificate of the TSA, and the genTime, of a verified timestamp."""
    stamp = status.timestamp
    if stamp is None or stamp.gen_time is None or stamp.authority is None:
        raise ValueError("it has no verified timestamp")
    return stamp.authority, stamp.gen_time


def _lacks_content(intact: Verdict) -> bool:
    return intact in (CONTENT_NOT_GIVEN, FITS_WITH_CRLF)
