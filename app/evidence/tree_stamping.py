"""Timestamps over hash trees, with what proves them after their authority's certificate ended."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from urllib.parse import urlsplit

from app.cms import (
    MAX_TIMESTAMP_RESPONSE_SIZE,
    TIMESTAMP_NONCE_BITS,
    Answer,
    Certificate,
    HashTree,
    KnownDigest,
    NotedRevocation,
    Occasion,
    Reason,
    TimestampNotObtained,
    TimestampRequest,
    TimestampStatus,
    Verifier,
    read_timestamp_response,
    read_token_facts,
    stamping_terms_for_digest,
)
from app.evidence.network import Unavailable
from app.evidence.revocation import Proof, Question, RevocationSource
from app.evidence.stamping import QUERY, TOLERANCE, NoTimestamp, Stamper, knows_policies
from app.store.evidence.batches import Stamp
from app.store.evidence.keeping import Item
from app.store.signatures.revocations import recall_of
from app.trust import Trust
from app.trust.kept import Kept
from app.trust.loaded import Loaded
from app.trust.recalling import recalling


@dataclass(frozen=True, slots=True)
class TreeStamper:
    """Asks authorities in their order for a timestamp over a tree. Thread-safe."""

    trust: Trust
    stamper: Stamper
    revocation: RevocationSource
    clock: Callable[[], datetime]

    def stamp(
        self, tree: HashTree, certificates: Sequence[Certificate], until: datetime | None
    ) -> Stamp:
        """Return a timestamp that is verified with what is kept beside it, and anchors, alone.

        Args:
            tree: whose root is stamped.
            certificates: by which the path of an authority may be found.
            until: if the certificate of an authority ends before then, the next one is asked, too.

        Raises:
            NoTimestamp: no authority issued one that can be proven.
            Busy: too much is being verified here.
        """
        addresses = self.stamper.addresses
        reasons = [] if addresses else [Reason("no timestamp authority is set up")]
        best: Stamp | None = None
        for address in addresses:
            try:
                found = self._ask(address, tree, certificates)
            except (TimestampNotObtained, Unavailable) as error:
                reasons.append(error.reason)
                continue
            except NoTimestamp as error:
                reasons += error.reasons
                continue
            if best is None or found.ends_at > best.ends_at:
                best = found
            if until is None or best.ends_at >= until:
                break
        if best is None:
            raise NoTimestamp(reasons, is_final=False)
        return best

    def _ask(self, address: str, tree: HashTree, certificates: Sequence[Certificate]) -> Stamp:
        """Ask one. Raises TimestampNotObtained, Unavailable, NoTimestamp or Busy."""
        knows = knows_policies(urlsplit(address).hostname or "")
        terms = stamping_terms_for_digest(tree.algorithm, names_policy=knows)
        nonce = secrets.randbits(TIMESTAMP_NONCE_BITS)
        request = TimestampRequest(tree.algorithm, tree.root, terms.policy, nonce)
        answer = self.stamper.network.fetch(
            address, MAX_TIMESTAMP_RESPONSE_SIZE, body=request.der, kind=QUERY
        )
        token = read_timestamp_response(answer, request)
        loaded = self.trust.loaded()
        status = self._verify(
            lambda noted: loaded.knowing_kept(Kept({}, tuple(certificates), noted=noted)),
            loaded,
            token,
            tree,
        )
        chain, gen_time, ends_at = status.chain, status.gen_time, status.ends_at
        if status.verdict.answer is not Answer.YES or not (gen_time and ends_at):
            raise NoTimestamp(status.verdict.reasons, is_final=False)
        if abs(gen_time - self.clock()) > TOLERANCE:
            place = {"address": address}
            raise NoTimestamp(
                [Reason("the clocks of {address} and of this server differ", place)],
                is_final=False,
            )
        proofs = self._prove(chain, gen_time)
        self._require_alone(loaded, token, tree, chain, proofs)
        items = [Item(0, "certificate", one.der) for one in chain[:-1]]
        items += [Item(0, one.kind, one.data) for one in proofs]
        weakens_at = read_token_facts(token, chain).weakens_at
        return Stamp(token, gen_time, min(ends_at, weakens_at or ends_at), tuple(items))

    def _prove(self, chain: Sequence[Certificate], moment: datetime) -> list[Proof]:
        """Return what shows that no certificate of a path was revoked. Raises NoTimestamp."""
        proofs: list[Proof] = []
        for link in pairwise(chain):
            found = self.revocation.prove(Question(link, moment, of_tsa=True))
            if not isinstance(found, Proof):
                raise NoTimestamp(found, is_final=False)
            proofs += found.parts
        return proofs

    def _require_alone(
        self,
        loaded: Loaded,
        token: bytes,
        tree: HashTree,
        chain: Sequence[Certificate],
        proofs: Sequence[Proof],
    ) -> None:
        """Require that the token verifies with what will be kept. Raises NoTimestamp."""
        kept = Kept({}, tuple(chain[:-1]), tuple(one.found for one in proofs))
        status = self._verify(
            lambda noted: loaded.knowing_only(replace(kept, noted=noted)), loaded, token, tree
        )
        for verdict in (status.verdict, status.revocation):
            if verdict.answer is not Answer.YES:
                raise NoTimestamp(verdict.reasons, is_final=False)

    def _verify(
        self,
        knowing: Callable[[tuple[NotedRevocation, ...]], Verifier],
        loaded: Loaded,
        token: bytes,
        tree: HashTree,
    ) -> TimestampStatus:
        """Verify a token over a tree, with what was proven before against its authority."""
        when = replace(Occasion.of(self.clock()), now=self.clock())
        digest = KnownDigest(tree.algorithm, tree.root)

        def verify(noted: tuple[NotedRevocation, ...]) -> TimestampStatus:
            return knowing(noted).verify_timestamp(token, digest, at=when)

        recall = recall_of(self.stamper.network.engine)
        with self.trust.turns.take_last():
            return recalling(verify, lambda status: [status.chain], loaded, recall)
