"""Revocation data for the certificates of a path, which are current when they are obtained."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import NamedTuple, cast

from app.cms import (
    OCSP_UNKNOWN_TO_RESPONDER,
    Answer,
    CertificateList,
    MalformedRevocation,
    Occasion,
    OcspResponse,
    Reason,
    RevocationData,
    Verdict,
    check_revocation,
    encode_ocsp_request,
    read_ocsp_refusal,
)
from app.evidence.lists import Lists
from app.evidence.network import Network, Unavailable
from app.store.evidence.keeping import Kind
from app.trust.judging import Found, doubt_delta, is_superseded
from app.trust.sources import NONCE_SIZE, Link, Source, list_deltas, list_sources

_OCSP = "application/ocsp-request"
# Seconds for which a response about a TSA serves all who are stamped, and how many are held. A card
# may have one of five minutes before the timestamp.
_SHARED, _MAX_SHARED = 60.0, 64


class Proof(NamedTuple):
    """Revocation data that decide about a link: its kind, as it was sent, and as it was read.

    A complete CRL may have `deltas` beside it, of the same kind.
    """

    kind: Kind
    data: bytes
    found: Found
    deltas: tuple[Proof, ...] = ()
    #: The answer, once it is known to decide.
    verdict: Verdict | None = None

    @classmethod
    def of(cls, found: Found, *deltas: Found) -> Proof:
        """Return the proof by an OCSP response, or by a CRL with its delta CRLs."""
        kind: Kind = "ocsp" if isinstance(found, OcspResponse) else "crl"
        # A mapped file is hashed and sent as bytes are.
        return cls(kind, cast(bytes, found.der), found, tuple(map(cls.of, deltas)))

    @property
    def parts(self) -> tuple[Proof, ...]:
        """All that it consists of, each of which is kept."""
        return (self, *self.deltas)


class Question(NamedTuple):
    """Whether a certificate was revoked at a time: it and its issuer's.

    `of_tsa`: whether it is that of a timestamp authority, or of a CA above it.
    """

    link: Link
    moment: datetime
    of_tsa: bool

    def judge(self, proof: Proof) -> Verdict:
        """Return whether it was revoked, by a proof alone."""
        found = [one.found for one in proof.parts]
        lists = [one for one in found if isinstance(one, CertificateList)]
        responses = [one for one in found if isinstance(one, OcspResponse)]
        return check_revocation(
            self.link,
            Occasion.of(self.moment),
            [RevocationData(lists, responses)],
            attested=True,
            for_timestamps=self.of_tsa,
        )


@dataclass(frozen=True, slots=True)
class RevocationSource:
    """Asks the responders and CRLs that certificates of good paths name. Thread-safe."""

    network: Network
    lists: Lists = field(default_factory=Lists)
    #: Responses about TSAs, and until when they serve other signers, by `time.monotonic`.
    _answers: dict[Link, tuple[float, Proof]] = field(default_factory=dict)

    def until(self, deadline: float) -> RevocationSource:
        """Return the same, for requests that must have ended at a time of `time.monotonic`."""
        return replace(self, network=self.network.until(deadline))

    def prove(self, question: Question, kept: Sequence[Found] = ()) -> Proof | list[Reason]:
        """Return data that decide whether a certificate was revoked, else reasons.

        Args:
            question: about the genTime of a timestamp, a few moments ago.
            kept: what was obtained before. If that decides it, no authority is asked.
        """
        link = question.link
        for proof in (*_list_kept(kept), *self._shared(question)):
            verdict = question.judge(proof)
            if verdict.answer is not Answer.UNKNOWN:
                return proof._replace(verdict=verdict)
        reasons: list[Reason] = []
        for source in list_sources(link):
            try:
                proof = self._ask(source, link)
            except Unavailable as error:
                reasons.append(error.reason)
                continue
            except MalformedRevocation:
                place = {"address": source.address}
                reasons.append(Reason("the response of {address} can't be read", place))
                continue
            verdict = question.judge(proof)
            if verdict.answer is not Answer.UNKNOWN:
                self._share(question, proof)
                return proof._replace(verdict=verdict)
            reasons += verdict.reasons
        return reasons or [Reason("the certificate names no source of revocation data")]

    def _shared(self, question: Question) -> Iterator[Proof]:
        """Return the response about a TSA that was obtained for another signer just now."""
        until, proof = self._answers.get(question.link, (0.0, None))
        if question.of_tsa and proof is not None and until > time.monotonic():
            yield proof

    def _share(self, question: Question, proof: Proof) -> None:
        """Let a response about a TSA serve for other signers, too, who are stamped now.

        That about a signer's own certificate is always requested after the timestamp: it must not
        be from before (p. 19.6 of order 500 of Kazakhstan).
        """
        if question.of_tsa and proof.kind == "ocsp":
            if len(self._answers) >= _MAX_SHARED:
                self._answers.clear()
            self._answers[question.link] = time.monotonic() + _SHARED, proof

    def _ask(self, source: Source, link: Link) -> Proof:
        """Ask one source. Raises Unavailable or MalformedRevocation."""
        if source.question is None:
            return self._download(source, link)
        nonce = os.urandom(NONCE_SIZE)
        data = self._post(source, source.question, nonce)
        if source.older and read_ocsp_refusal(data) in OCSP_UNKNOWN_TO_RESPONDER:
            data = self._post(source, source.older, nonce)
        response = OcspResponse(data, origin=source.origin)
        if response.nonce != nonce:
            place = {"address": source.address}
            raise Unavailable(Reason("{address} does not repeat the nonce", place))
        return Proof.of(response)

    def _post(self, source: Source, question: bytes, nonce: bytes) -> bytes:
        request = encode_ocsp_request(question, nonce)
        return self.network.fetch(source.address, source.limit, body=request, kind=_OCSP)

    def _download(self, source: Source, link: Link) -> Proof:
        """Return a CRL, with a delta CRL if the CA has one that can be had and used.

        Otherwise the complete CRL alone counts, until its nextUpdate (RFC 5280 section 6.3.3). If
        the delta CRL says that there is a newer complete one, that is downloaded.
        """
        base = self.lists.get(source, self.network)
        for other in list_deltas(link, base.delta_urls):
            try:
                delta = self.lists.get(other, self.network)
                if is_superseded(link, base, delta):
                    base = self.lists.get(source, self.network, unlike=base)
            except (Unavailable, MalformedRevocation):
                continue
            if doubt_delta(link, base, delta, datetime.now(UTC)) is None:
                return Proof.of(base, delta)
        return Proof.of(base)


def _list_kept(kept: Sequence[Found]) -> Iterator[Proof]:
    """List what may prove something by itself: responses, and complete CRLs with their deltas."""
    yield from (Proof.of(one) for one in kept if isinstance(one, OcspResponse))
    lists = [one for one in kept if isinstance(one, CertificateList)]
    for base in lists:
        if not base.is_delta:
            yield Proof.of(base, *(one for one in lists if one.is_delta_of(base)))
