"""Revocation data for the certificates of a path, which are current when they are obtained."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from app.cms import (
    Answer,
    CertificateList,
    MalformedRevocation,
    Occasion,
    OcspResponse,
    Reason,
    RevocationData,
    check_revocation,
    encode_ocsp_request,
)
from app.evidence.network import Network, Unavailable
from app.store.evidence.keeping import Kind
from app.trust.judging import Found
from app.trust.sources import NONCE_SIZE, Link, Source, list_sources

#: Seconds for which a CRL is used for further certificates; CRLs that are held, and bytes of each.
_REUSED, _HELD, _MAX_HELD = 600.0, 8, 2_000_000
_OCSP = "application/ocsp-request"


class Proof(NamedTuple):
    """Revocation data that decide about a link: its kind, as it was sent, and as it was read."""

    kind: Kind
    data: bytes
    found: Found


@dataclass(slots=True)
class RevocationSource:
    """Asks the responders and CRLs that certificates of good paths name. Thread-safe."""

    network: Network
    _lists: dict[str, tuple[float, bytes]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def prove(self, link: Link, moment: datetime, *, of_tsa: bool) -> Proof | list[Reason]:
        """Return data that decide whether a certificate was revoked at `moment`, else reasons.

        Args:
            link: the certificate, and its issuer's.
            moment: the genTime of a timestamp, a few moments ago.
            of_tsa: whether it is the certificate of a timestamp authority or of a CA above it.
        """
        reasons: list[Reason] = []
        for source in list_sources(link):
            try:
                proof = self._ask(source)
            except Unavailable as error:
                reasons.append(error.reason)
                continue
            except MalformedRevocation:
                place = {"address": source.address}
                reasons.append(Reason("the response of {address} can't be read", place))
                continue
            lists = [proof.found] if isinstance(proof.found, CertificateList) else []
            responses = [proof.found] if isinstance(proof.found, OcspResponse) else []
            verdict = check_revocation(
                link,
                Occasion.of(moment),
                [RevocationData(lists, responses)],
                attested=True,
                for_timestamps=of_tsa,
            )
            if verdict.answer is not Answer.UNKNOWN:
                return proof
            reasons += verdict.reasons
        return reasons or [Reason("the certificate names no source of revocation data")]

    def _ask(self, source: Source) -> Proof:
        """Ask one source. Raises Unavailable or MalformedRevocation."""
        if source.question is None:
            data = self._download(source)
            return Proof("crl", data, CertificateList(data))
        nonce = os.urandom(NONCE_SIZE)
        request = encode_ocsp_request(source.question, nonce)
        data = self.network.fetch(source.address, source.limit, body=request, kind=_OCSP)
        response = OcspResponse(data)
        if response.nonce != nonce:
            place = {"address": source.address}
            raise Unavailable(Reason("{address} does not repeat the nonce", place))
        return Proof("ocsp", data, response)

    def _download(self, source: Source) -> bytes:
        """Return a CRL, which serves all certificates for some minutes."""
        with self._lock:
            until, data = self._lists.get(source.address, (0.0, b""))
        if until > time.monotonic():
            return data
        data = self.network.fetch(source.address, source.limit)
        if len(data) > _MAX_HELD:
            return data
        with self._lock:
            self._lists.pop(source.address, None)
            self._lists[source.address] = time.monotonic() + _REUSED, data
            while len(self._lists) > _HELD:
                del self._lists[next(iter(self._lists))]
        return data
