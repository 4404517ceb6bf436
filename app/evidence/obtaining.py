"""What proves a signature for decades: obtained for each signer, and verified before it is kept.

A signer's evidence is a timestamp over the signature value, the certificates of the signer's and
the timestamp authority's paths, and for each of them what shows that it was not revoked. It is
complete if the signature verifies with it and the trust anchors alone.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, partial

from app.cms import Reason, SignedData, SignedXml, SignerStatus, Verifier, stamped_values
from app.evidence.revocation import RevocationSource
from app.evidence.signer_case import Impossible, Note, Pending, SignerCase, as_of
from app.evidence.stamping import Stamper
from app.store.evidence.keeping import Item, State
from app.store.signatures.revocations import Recall, recall_of
from app.trust import Trust
from app.trust.kept import Kept
from app.trust.recalling import verify_recalling


@dataclass(slots=True)
class Outcome:
    """What was obtained for a version: the result of signers, or why a signer is pending."""

    items: list[Item] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    pending: list[Reason] = field(default_factory=list)
    #: Results of verification: what they prove against certificates is to be noted.
    statuses: list[SignerStatus] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Obtainer:
    """Obtains evidence, for a store and its anchors. Thread-safe."""

    trust: Trust
    stamper: Stamper
    revocation: RevocationSource
    #: Whether a caller waits for it: then it takes turns at verifying as requests do.
    is_awaited: bool = False

    def until(self, deadline: float) -> Obtainer:
        """Return the same for a caller who waits, until a time of `time.monotonic`."""
        stamper = replace(self.stamper, network=self.stamper.network.until(deadline))
        revocation = self.revocation.until(deadline)
        return replace(self, stamper=stamper, revocation=revocation, is_awaited=True)

    @property
    def recall(self) -> Recall:
        """Finds the revocations that the store has noted."""
        return recall_of(self.stamper.network.engine)

    def turn(self) -> AbstractContextManager[None]:
        """Return a turn at verifying. Entering it raises Busy if a caller would wait too long."""
        turns = self.trust.turns
        return turns.take() if self.is_awaited else turns.take_last()

    def obtain(
        self,
        signature: SignedData | SignedXml,
        saved_at: datetime,
        kept: Kept,
        note: Note,
    ) -> Outcome:
        """Obtain evidence for each signer; what is `kept` of earlier attempts is used.

        Raises Busy: too much is being verified here.
        """
        loaded = self.trust.loaded()
        outcome = Outcome()
        verify = partial(Verifier.verify, signature=signature, at=as_of(saved_at))
        with self.turn():
            statuses = verify_recalling(verify, loaded, self.recall, kept)
        outcome.statuses += statuses
        # Once for all signers, when the first is to be stamped.
        stamped = cache(partial(stamped_values, signature))
        for status in statuses:
            by_stamp = status.by_timestamp or status
            case = SignerCase(self, loaded, signature, by_stamp, saved_at, kept, note, stamped)
            try:
                case.obtain()
            except Impossible as error:
                outcome.states.append(
                    State(
                        number=status.number,
                        state="impossible",
                        reason=error.reasons,
                        card=False,
                        card_reason=error.reasons,
                    )
                )
            except Pending as error:
                outcome.pending += error.reasons
            else:
                outcome.states.append(case.state())
            outcome.items += case.items
            outcome.statuses += case.found
        return outcome
